// Server-sent events of sessions and statements.
#include "errors.hpp"
#include "event_stream.hpp"
#include "session_news.hpp"
#include "views.hpp"

namespace sparkgate::api {
namespace {

awaitable<void> tell_session(context& api, session_pointer about, std::optional<std::int64_t> first,
                             http::body_writer& to) {
    event_stream out(api, *about, to);
    session_news news(*about, first);
    co_await out.begin();
    while (out.open() && !news.ended()) {
        auto event = news.next();
        if (event)
            co_await out.send(std::move(*event));
        else
            co_await out.wait();
    }
}

awaitable<void> tell_statement(context& api, session_pointer owner, statement_pointer about,
                               std::int64_t position, http::body_writer& to) {
    event_stream out(api, *owner, to);
    statement_news news(*owner, about, position);
    co_await out.begin();
    while (out.open()) {
        auto event = news.next();
        if (event)
            co_await out.send(std::move(*event));
        else if (session::is_final(about->state))
            break;
        else
            co_await out.wait();
    }
    if (!out.open()) co_return;
    std::string view;
    const auto appended = co_await append_view(api, owner, about, view);
    if (!appended) co_return;  // without an end: the client comes again
    http::server_sent_event last{"result", last_event_id, std::move(view)};
    co_await out.send(std::move(last));
    last = {"end", last_event_id, dump_json(statement_progress(*about))};
    co_await out.send(std::move(last));
}

response nothing_more() {
    return json_response({}, 204);
}

}  // namespace

awaitable<response> get_session_events(context& api, const request& from, const path_values& path) {
    const auto found = find_session(api, path[0]);
    if (!found) co_return to_response(found.error());
    const auto known = resumption_of(from);
    if (known.complete) co_return nothing_more();
    auto produce = [&api, about = *found, first = known.number](http::body_writer& to) {
        return tell_session(api, about, first, to);
    };
    co_return stream_response("text/event-stream", std::move(produce));
}

// Also of a session that has ended, unlike Livy's routes: who watched the statement can still learn its end.
awaitable<response> get_statement_events(context& api, const request& from, const path_values& path) {
    const auto owner = find_session(api, path[0]);
    if (!owner) co_return to_response(owner.error());
    const auto about = find_statement(**owner, path[1]);
    if (!about) co_return statement_error(about.error());
    // One that is not recorded may be taken back: its end would never come.
    if (!(*about)->durable) co_return text_error(404, "Statement not found");
    const auto known = resumption_of(from);
    if (known.complete) co_return nothing_more();
    auto produce = [&api, owner = *owner, about = *about, position = known.number.value_or(0)](
                       http::body_writer& to) { return tell_statement(api, owner, about, position, to); };
    co_return stream_response("text/event-stream", std::move(produce));
}

}  // namespace sparkgate::api
