#include "connection.hpp"

#include "sparkgate/base/spawn.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <array>

namespace sparkgate::driver {
namespace {

constexpr std::size_t max_queued_bytes = 2 * max_payload_bytes;
constexpr int most_frames_at_once = 32;

frame_limits greeting_only() {
    return {.header_bytes = 4096, .payload_bytes = 0};
}

frame_limits whole_protocol() {
    return {.with_payload = {"stream", "result", "completion"}};
}

}  // namespace

connection::connection(local::socket socket, std::shared_ptr<large_frames> turnstile)
    : socket_(std::move(socket)), turnstile_(std::move(turnstile)), decoder_(greeting_only()) {}

void connection::trust() {
    decoder_.set_limits(whole_protocol());
}

// Waits for readability and then reads into a buffer shared by all connections: an idle driver costs no
// buffer.
awaitable<result<frame>> connection::read() {
    static std::array<char, 65536> shared;
    for (;;) {
        auto next = decoder_.next();
        if (!next) co_return next.error();
        if (*next && ++frames_at_once_ > most_frames_at_once) {
            frames_at_once_ = 0;
            co_await asio::post(socket_.get_executor(), as_tuple);
        }
        if (*next) {
            large_.reset();
            co_return std::move(**next);
        }
        if (!large_ && decoder_.waiting() > large_frames::beyond) {
            auto close_late = [weak = weak_from_this()] {
                if (const auto self = weak.lock()) self->close();
            };
            large_ = co_await turnstile_->enter(socket_.get_executor(), std::move(close_late));
        }
        const auto [ready] = co_await socket_.async_wait(local::socket::wait_read, as_tuple);
        if (ready) co_return fail(errc::unavailable, ready.message());
        frames_at_once_ = 0;
        boost::system::error_code ec;
        const std::size_t n = socket_.read_some(asio::buffer(shared), ec);
        if (ec == asio::error::would_block) continue;
        if (ec) co_return fail(errc::unavailable, ec.message());
        decoder_.feed({shared.data(), n});
    }
}

void connection::send(std::string bytes) {
    if (!writing_) return;
    queued_bytes_ += bytes.size();
    if (queued_bytes_ > max_queued_bytes) return close();
    queue_.push_back(std::move(bytes));
    if (queue_.size() == 1)
        spawn(socket_.get_executor(), "writing to a driver", write_queue(shared_from_this()));
}

void connection::close() {
    large_.reset();
    boost::system::error_code ignored;
    socket_.close(ignored);
}

awaitable<void> connection::write_queue(std::shared_ptr<connection> self) {
    while (!self->queue_.empty()) {
        const auto [ec, n] =
            co_await asio::async_write(self->socket_, asio::buffer(self->queue_.front()), as_tuple);
        self->queued_bytes_ -= self->queue_.front().size();
        self->queue_.pop_front();
        if (ec) self->stop_writing();
    }
}

// The driver has closed its end. What it sent before is still to be read, so that only the reader may end the
// connection.
void connection::stop_writing() {
    writing_ = false;
    queue_.clear();
    queued_bytes_ = 0;
}

}  // namespace sparkgate::driver
