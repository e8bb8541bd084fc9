// /sessions and what is directly below a session.
#include "errors.hpp"
#include "handlers.hpp"
#include "parameters.hpp"
#include "session_body.hpp"
#include "views.hpp"

namespace sparkgate::api {
namespace {

// The times that a request may carry, in Livy's words where they are wrong.
std::optional<response> refuse_times(const session::session_request& wanted) {
    for (const auto& text : {wanted.ttl, wanted.idle_timeout})
        if (const auto problem = text ? time_problem(*text) : std::nullopt)
            return msg_error(400, "Rejected, Reason: " + *problem);
    return {};
}

}  // namespace

awaitable<response> list_sessions(context& api, const request& from, const path_values&) {
    const auto begin = int_parameter(from, "from"), size = int_parameter(from, "size");
    if (!begin) co_return to_response(begin.error());
    if (!size) co_return to_response(size.error());
    const auto all = api.sessions.all();
    const auto range = clip(begin->value_or(0), size->value_or(100), all.size());
    json views = json::array();
    for (std::size_t i = range.begin; i < range.end; ++i)
        views.push_back(session_view(*all[i]));
    json body{{"from", begin->value_or(0)}, {"total", all.size()}};
    body["sessions"] = std::move(views);
    co_return json_response(dump_json(body));
}

awaitable<response> create_session(context& api, const request& from, const path_values&) {
    auto wanted = parse_session_request(from.body);
    if (!wanted) co_return text_error(400, wanted.error().message);
    if (auto refused = refuse_times(*wanted)) co_return *refused;
    if (const auto* user = from.parameter("doAs")) wanted->spark.proxy_user = *user;
    auto created = co_await api.sessions.create(std::move(*wanted), std::nullopt);
    if (!created) {
        const auto& problem = created.error();
        if (problem.code == errc::invalid_argument)
            co_return msg_error(400, "Rejected, Reason: " + problem.message);
        if (problem.code == errc::busy && api.settings.capacity_is_400)
            co_return msg_error(400, problem.message);
        co_return to_response(problem);
    }
    auto out = json_response(dump_json(session_view(**created)), 201);
    out.headers.emplace_back("Location", "/sessions/" + std::to_string((*created)->id()));
    co_return out;
}

// Held while the session starts: who polls sees the change at once.
awaitable<response> get_session(context& api, const request& from, const path_values& path) {
    auto found = find_session(api, path[0]);
    if (!found) co_return to_response(found.error());
    const auto time = hold_time(from, api.settings);
    if (!time) co_return to_response(time.error());
    const auto session = *found;
    auto started = [&session] { return session->state() != session::session_state::starting; };
    co_await hold(api, session, *time, started);
    co_return json_response(dump_json(session_view(*session)));
}

awaitable<response> get_session_state(context& api, const request&, const path_values& path) {
    const auto found = find_session(api, path[0]);
    if (!found) co_return to_response(found.error());
    const json body{{"id", (*found)->id()}, {"state", session::to_string((*found)->state())}};
    co_return json_response(dump_json(body));
}

awaitable<response> get_session_log(context& api, const request& from, const path_values& path) {
    const auto found = find_session(api, path[0]);
    if (!found) co_return to_response(found.error());
    const auto begin = int_parameter(from, "from"), size = int_parameter(from, "size");
    if (!begin) co_return to_response(begin.error());
    if (!size) co_return to_response(size.error());
    const auto page = read_log((*found)->log(), *begin, size->value_or(100));
    const json body{{"id", (*found)->id()}, {"from", page.from}, {"total", page.total}, {"log", page.lines}};
    co_return json_response(dump_json(body));
}

awaitable<response> delete_session(context& api, const request&, const path_values& path) {
    auto found = find_session(api, path[0]);
    if (!found) co_return to_response(found.error());
    const auto removed = co_await api.sessions.remove(*found);
    if (!removed) co_return to_response(removed.error());
    co_return json_response("{\"msg\":\"deleted\"}");
}

}  // namespace sparkgate::api
