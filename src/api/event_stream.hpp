// What the streams of server-sent events about a session have in common (docs/streaming.md).
#pragma once

#include "handlers.hpp"

#include "sparkgate/http/server_sent_event.hpp"

namespace sparkgate::api {

// The id of the last event of a stream: who comes again with it has been told everything.
inline constexpr const char* last_event_id = "end";

class event_stream {
public:
    // All of it outlives the stream.
    event_stream(context& api, session::session& about, http::body_writer& to)
        : api_(api), about_(about), to_(to) {}

    // Not when the client has gone, nor when the gateway stops: the client comes again then.
    bool open() const { return to_.open() && !api_.sessions.releases_waiters(); }

    awaitable<void> begin();
    awaitable<void> send(http::server_sent_event what);

    // Until the next change of the session, or until a heartbeat is due, which it sends. To be called without
    // a co_await since the look that found no news.
    awaitable<void> wait();

private:
    using clock = std::chrono::steady_clock;

    awaitable<void> write(std::string text);

    context& api_;
    session::session& about_;
    http::body_writer& to_;
    clock::time_point heartbeat_due_;
};

// The Last-Event-ID of a request: whether the client was told everything, or the number that it goes on from;
// neither when there is none, or none of ours.
struct resumption {
    bool complete = false;
    std::optional<std::int64_t> number;
};
resumption resumption_of(const request& from);

}  // namespace sparkgate::api
