#include "http/peer.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <poll.h>
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

// Whether the first byte, which is left where it is, begins a TLS handshake. A client that has sent none may
// yet.
bool begins_handshake(asio::ip::tcp::socket& socket) {
    constexpr char handshake_record = 22;
    char first = handshake_record;
    error_code ignored;
    socket.receive(asio::buffer(&first, 1), socket.message_peek, ignored);
    return first == handshake_record;
}

}  // namespace

peer::peer(asio::ip::tcp::socket socket, const tls_context& tls, std::size_t max_buffer)
    : socket_(std::move(socket)), address_(address_of(socket_)), buffer_(max_buffer) {
    error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    if (tls) tls_.emplace(tls, socket_);
}

peer::~peer() {
    if (tls_) tls_->close();
}

awaitable<bool> peer::open(clock::time_point deadline) {
    if (!tls_) co_return true;
    deadline_ = deadline;
    auto ec = co_await wait_for(socket_.wait_read);
    if (!ec && !begins_handshake(socket_)) {
        tls_.reset();
        lacks_tls_ = true;
    } else if (!ec) {
        ec = co_await handshake();
    }
    deadline_ = never;
    if (ec) log_failure("TLS handshake with", ec);
    co_return !ec;
}

awaitable<error_code> peer::handshake() {
    shaking_hands_ = true;
    error_code ec;
    while (!ec) {
        tls_->handshake(ec);
        if (ec != asio::error::would_block) break;
        ec = co_await wait_for(tls_->waits_for());
    }
    shaking_hands_ = false;
    if (!ec) certificate_ = tls_->client();
    co_return ec;
}

awaitable<peer::outcome> peer::read_some(clock::time_point deadline, std::size_t most) {
    const auto size = std::min(buffer_.max_size() - buffer_.size(), most);
    if (size == 0) co_return outcome::full;
    timed_out_ = ending_ = false;
    deadline_ = deadline;
    const auto [ec, count] = co_await receive(buffer_.prepare(size));
    deadline_ = never;
    buffer_.commit(count);
    if (!ec) co_return outcome::done;
    if (timed_out_) co_return outcome::too_slow;
    if (ec != asio::error::operation_aborted && ec != asio::error::eof) log_failure("read from", ec);
    co_return outcome::ended;
}

// Through TLS, bytes on the socket may turn out to be none for us, and bytes for us may have left the socket
// before.
awaitable<std::tuple<error_code, std::size_t>> peer::receive(asio::mutable_buffer into) {
    if (!tls_) co_return co_await socket_.async_read_some(into, as_tuple);
    std::tuple<error_code, std::size_t> out;
    auto& [ec, count] = out;
    for (bool waited = false; !ec; waited = true) {
        count = tls_->read_some(into, ec);
        if (!ec && !waited) co_await asio::post(socket_.get_executor(), asio::use_awaitable);  // others' turn
        if (ec != asio::error::would_block) break;
        ec = asio::error::operation_aborted;
        if (!ending_ || has_input()) ec = co_await wait_for(tls_->waits_for());
    }
    co_return out;
}

// Writes at once what the socket takes, which nearly always is all, and waits only for the rest.
awaitable<std::size_t> peer::write(std::string_view head, std::string_view body,
                                   std::chrono::milliseconds patience) {
    timed_out_ = false;
    error_code ec;
    const auto all = head.size() + body.size();
    while (!ec && head.size() + body.size() > 0) {
        const auto sent = write_some(head, body, ec);
        const auto of_head = std::min(sent, head.size());
        head.remove_prefix(of_head);
        body.remove_prefix(sent - of_head);
        if (ec != asio::error::would_block) continue;
        if (deadline_ == never) deadline_ = clock::now() + patience;
        ec = co_await wait_for(tls_ ? tls_->waits_for() : socket_.wait_write);
    }
    deadline_ = never;
    if (ec) log_failure("write to", ec);
    co_return all - head.size() - body.size();
}

std::size_t peer::write_some(std::string_view head, std::string_view body, error_code& ec) {
    if (tls_) return tls_->write_some(head.empty() ? body : head, ec);
    const std::array<asio::const_buffer, 2> both{asio::buffer(head), asio::buffer(body)};
    return socket_.write_some(both, ec);
}

awaitable<error_code> peer::wait_for(asio::socket_base::wait_type what) {
    const auto [ec] = co_await socket_.async_wait(what, as_tuple);
    co_return ec;
}

awaitable<void> peer::watch() {
    error_code ec;
    std::size_t count = 0;
    while (!ec && buffer_.size() < buffer_.max_size()) {
        const auto size = std::min(buffer_.max_size() - buffer_.size(), watched_at_once);
        std::tie(ec, count) = co_await receive(buffer_.prepare(size));
        buffer_.commit(count);
    }
}

void peer::hurry(clock::time_point deadline) {
    if (deadline_ != never) deadline_ = std::min(deadline_, deadline);
}

awaitable<void> peer::linger() {
    error_code ec;
    if (tls_) tls_->close();
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
    ending_ = true;
    error_code ignored;
    if (!shaking_hands_ && !has_input()) socket_.cancel(ignored);
}

asio::ip::address peer::reached_at() const {
    error_code ec;
    return socket_.local_endpoint(ec).address();
}

bool peer::has_ended() {
    pollfd ended{socket_.native_handle(), POLLRDHUP, 0};
    return ::poll(&ended, 1, 0) > 0;
}

void peer::cut() {
    error_code ignored;
    socket_.close(ignored);
}

bool peer::has_input() const {
    error_code ignored;
    return (tls_ && tls_->has_input()) || socket_.available(ignored) > 0;
}

void peer::log_failure(std::string_view what, error_code why) const {
    auto reason = why.message();
    if (tls_ && !tls_->failure().empty()) reason = tls_->failure();
    spdlog::debug("{} {}: {}", what, address_, timed_out_ ? "too slow" : reason);
}

}  // namespace sparkgate::http
