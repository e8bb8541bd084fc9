#include "http/server_state.hpp"

#include "http/connection.hpp"
#include "http/response_head.hpp"

#include "sparkgate/base/spawn.hpp"

#include <charconv>
#include <random>

namespace sparkgate::http {
namespace {

// How late a deadline may be noticed.
constexpr auto watch_interval = std::chrono::milliseconds(100);

std::string hexadecimal(std::uint64_t number) {
    char digits[16];
    return {digits, std::to_chars(digits, digits + sizeof digits, number, 16).ptr};
}

}  // namespace

server_state::server_state(asio::any_io_executor executor, router the_routes, server_options the_options)
    : routes(std::move(the_routes)),
      options(std::move(the_options)),
      common_headers(header_lines(options.common_headers)),
      pages(options.pages),
      tls(options.tls),
      places(options.limit.connections, options.limit.connections_per_address),
      bodies(options.limit.bodies_bytes),
      unread(options.limit.unread_bytes),
      executor_(executor),
      watch_(executor),
      drained_(executor),
      id_prefix_(hexadecimal(std::random_device{}()) + "-") {}

void server_state::add(connection& one) {
    connections_.insert(&one);
    if (watching_) return;
    watching_ = true;
    spawn(executor_, "the watch of deadlines", watch_deadlines(shared_from_this()), if_it_fails::end_process);
}

void server_state::remove(connection& one) {
    connections_.erase(&one);
    if (connections_.empty()) drained_.cancel();
}

void server_state::make_room(const connection& writer) {
    while (unread.exceeded()) {
        connection* slowest = nullptr;
        for (auto* each : connections_)
            if (each != &writer && each->unread() > 0 &&
                (!slowest || each->unread_since() < slowest->unread_since()))
                slowest = each;
        if (!slowest) return;
        slowest->cut();
    }
}

std::string server_state::next_request_id() {
    return id_prefix_ + hexadecimal(++last_id_);
}

// Ends when there is nobody to watch: an idle server does not wake up.
awaitable<void> server_state::watch_deadlines(std::shared_ptr<server_state> self) {
    while (!self->connections_.empty()) {
        self->watch_.expires_after(watch_interval);
        co_await self->watch_.async_wait(as_tuple);
        const auto now = std::chrono::steady_clock::now();
        for (auto* each : self->connections_)
            each->expire(now);
    }
    self->watching_ = false;
}

awaitable<void> server_state::drain(std::chrono::milliseconds deadline) {
    draining_ = true;
    for (auto* each : connections_)
        each->make_haste();
    drained_.expires_after(deadline);
    if (!connections_.empty()) co_await drained_.async_wait(as_tuple);
    cut_all();
}

void server_state::cut_all() {
    for (auto* each : connections_)
        each->cut();
}

void server_state::stop() {
    draining_ = true;
    cut_all();
    watch_.cancel();
    drained_.cancel();
}

}  // namespace sparkgate::http
