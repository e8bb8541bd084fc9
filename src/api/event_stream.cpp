#include "event_stream.hpp"

#include <charconv>

namespace sparkgate::api {

// A client that lost its connection waits that long before it comes again.
awaitable<void> event_stream::begin() {
    return write("retry: 1000\n\n");
}

awaitable<void> event_stream::send(http::server_sent_event what) {
    std::string text;
    auto put_down = [&text, &what] {
        http::append_event(text, what);
        what.data = {};  // not twice in memory for as long as a slow client takes
    };
    const auto size = what.data.size();
    co_await aside(api_, size, std::move(put_down));
    co_await write(std::move(text));
}

awaitable<void> event_stream::write(std::string text) {
    co_await to_.write(text);
    heartbeat_due_ = clock::now() + api_.settings.events_heartbeat;
}

awaitable<void> event_stream::wait() {
    about_.heard_from(heartbeat_due_ - clock::now());
    co_await about_.changed().wait_until(heartbeat_due_);
    if (open() && clock::now() >= heartbeat_due_) co_await write(std::string(http::event_heartbeat));
}

resumption resumption_of(const request& from) {
    const auto* id = from.header("last-event-id");
    if (!id) return {};
    if (*id == last_event_id) return {true, {}};
    std::int64_t number = 0;
    const auto [end, ec] = std::from_chars(id->data(), id->data() + id->size(), number);
    if (ec != std::errc() || end != id->data() + id->size() || number < 0) return {};
    return {false, number};
}

}  // namespace sparkgate::api
