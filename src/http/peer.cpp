#include "http/peer.hpp"

#include <boost/asio/buffer.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace sparkgate::http {
namespace {

using boost::system::error_code;

constexpr auto never = peer::clock::time_point::max();
constexpr auto linger_time = std::chrono::seconds(2);
constexpr std::size_t discarded_at_once = 16 * 1024;
constexpr std::size_t watched_at_once = 2 * 1024;

std::string address_of(const asio::ip::tcp::socket& socket) {
    error_code ec;
    const auto end = socket.remote_endpoint(ec);
    return ec ? std::string() : end.address().to_string();
}

}  // namespace

peer::peer(asio::ip::tcp::socket socket, std::size_t max_buffer)
    : socket_(std::move(socket)), address_(address_of(socket_)), buffer_(max_buffer) {
    error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
}

awaitable<peer::outcome> peer::read_some(clock::time_point deadline, std::size_t most) {
    const auto size = std::min(buffer_.max_size() - buffer_.size(), most);
    if (size == 0) co_return outcome::full;
    timed_out_ = false;
    deadline_ = deadline;
    const auto [ec, count] = co_await socket_.async_read_some(buffer_.prepare(size), as_tuple);
    deadline_ = never;
    buffer_.commit(count);
    if (!ec) co_return outcome::done;
    if (timed_out_) co_return outcome::too_slow;
    if (ec != asio::error::operation_aborted && ec != asio::error::eof)
        spdlog::debug("read from {}: {}", address_, ec.message());
    co_return outcome::ended;
}

// Writes at once what the socket takes, which nearly always is all, and waits only for the rest.
awaitable<bool> peer::write(std::string_view head, std::string_view body,
                            std::chrono::milliseconds patience) {
    timed_out_ = false;
    error_code ec;
    while (!ec && head.size() + body.size() > 0) {
        const std::array<asio::const_buffer, 2> rest{asio::buffer(head), asio::buffer(body)};
        const auto sent = socket_.write_some(rest, ec);
        const auto of_head = std::min(sent, head.size());
        head.remove_prefix(of_head);
        body.remove_prefix(sent - of_head);
        if (ec != asio::error::would_block) continue;
        if (deadline_ == never) deadline_ = clock::now() + patience;
        std::tie(ec) = co_await socket_.async_wait(socket_.wait_write, as_tuple);
    }
    deadline_ = never;
    if (ec) spdlog::debug("write to {}: {}", address_, timed_out_ ? "too slow" : ec.message());
    co_return !ec;
}

awaitable<void> peer::watch() {
    error_code ec;
    std::size_t count = 0;
    while (!ec && buffer_.size() < buffer_.max_size()) {
        const auto size = std::min(buffer_.max_size() - buffer_.size(), watched_at_once);
        std::tie(ec, count) = co_await socket_.async_read_some(buffer_.prepare(size), as_tuple);
        buffer_.commit(count);
    }
}

void peer::hurry(clock::time_point deadline) {
    if (deadline_ != never) deadline_ = std::min(deadline_, deadline);
}

awaitable<void> peer::linger() {
    error_code ec;
    socket_.shutdown(socket_.shutdown_send, ec);
    deadline_ = clock::now() + linger_time;
    while (!ec) {
        buffer_.clear();
        std::tie(ec, std::ignore) =
            co_await socket_.async_read_some(buffer_.prepare(discarded_at_once), as_tuple);
    }
}

void peer::expire(clock::time_point now) {
    if (now < deadline_) return;
    deadline_ = never;
    timed_out_ = true;
    error_code ignored;
    socket_.cancel(ignored);
}

void peer::cancel_unless_readable() {
    error_code ignored;
    if (socket_.available(ignored) == 0) socket_.cancel(ignored);
}

void peer::cut() {
    error_code ignored;
    socket_.close(ignored);
}

}  // namespace sparkgate::http
