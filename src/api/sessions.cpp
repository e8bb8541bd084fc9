// /sessions and what is directly below a session.
#include "errors.hpp"
#include "handlers.hpp"
#include "parameters.hpp"
#include "programs.hpp"
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

json view(program& of, const log_lines& newest) {
    return session_view(static_cast<session::session&>(of), newest);
}

json view_0_7(program& of, const log_lines& newest) {
    return session_view_0_7(static_cast<session::session&>(of), newest);
}

}  // namespace

// Livy's own Java client fails on a field that it does not know; the newest one that is published is of 0.7.
view_function session_view_for(const context& api, const request& from) {
    const auto* agent = from.header("user-agent");
    const bool old_client = agent && *agent == "livy-client-http";
    return old_client || api.settings.session_view == "0.7" ? view_0_7 : view;
}

awaitable<response> list_sessions(context& api, const request& from, const path_values&) {
    co_return co_await list_programs(api.sessions, from, session_view_for(api, from));
}

awaitable<response> create_session(context& api, const request& from, const path_values&) {
    auto key = idempotency_key(from);
    if (!key) co_return to_response(key.error());
    auto parse = [&from] { return parse_session_request(from.body); };
    auto wanted = co_await aside(api, from.body.size(), std::move(parse));
    if (!wanted) co_return text_error(400, wanted.error().message);
    if (auto refused = refuse_times(*wanted)) co_return *refused;
    if (const auto* user = from.parameter("doAs")) wanted->spark.proxy_user = *user;
    const auto created = co_await api.sessions.create(std::move(*wanted), std::nullopt, std::move(*key));
    if (!created) co_return creation_refused(api, created.error());
    co_await give_way(from);
    co_return created_response("/sessions", *created->what, created->replayed, session_view_for(api, from));
}

// Held while the session starts: who polls sees the change at once.
awaitable<response> get_session(context& api, const request& from, const path_values& path) {
    auto found = find_session(api, path[0]);
    if (!found) co_return to_response(found.error());
    const auto time = hold_time(from, api.settings, (*found)->told_starting());
    if (!time) co_return to_response(time.error());
    const auto session = *found;
    auto started = [&session] { return session->state() != session::session_state::starting; };
    co_await hold(api, session, *time, session->told_starting(), started);
    co_return json_response(view_text(*session, session_view_for(api, from)));
}

awaitable<response> get_session_state(context& api, const request&, const path_values& path) {
    const auto found = find_session(api, path[0]);
    if (!found) co_return to_response(found.error());
    co_return program_state(**found);
}

awaitable<response> get_session_log(context& api, const request& from, const path_values& path) {
    const auto found = find_session(api, path[0]);
    if (!found) co_return to_response(found.error());
    co_return co_await program_log(api.sessions, *found, from);
}

awaitable<response> delete_session(context& api, const request&, const path_values& path) {
    const auto found = find_session(api, path[0]);
    if (!found) co_return to_response(found.error());
    co_return co_await remove_program(api.sessions, *found);
}

}  // namespace sparkgate::api
