// The driver's side of the protocol over a real Unix socket, played by the test: it sends what it is told and
// keeps what it gets.
#pragma once

#include "driver/socket_address.hpp"
#include "support/event_loop.hpp"

#include "sparkgate/base/spawn.hpp"
#include "sparkgate/driver/frame.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace sparkgate::test {

class scripted_driver {
public:
    scripted_driver(event_loop& loop, const std::filesystem::path& socket)
        : loop_(loop), inbox_(std::make_shared<inbox>(loop.executor())) {
        const auto address = driver::address_of(socket).value();
        inbox_->socket.connect(asio::local::stream_protocol::endpoint(address.text));
        inbox_->socket.non_blocking(true);
        spawn(loop.executor(), "the scripted driver", receive(inbox_));
    }
    ~scripted_driver() { close(); }
    scripted_driver(const scripted_driver&) = delete;
    scripted_driver& operator=(const scripted_driver&) = delete;

    void send_bytes(std::string bytes) {
        auto work = write(inbox_, std::move(bytes));
        loop_.await(std::move(work));
    }
    // Does not wait: `done` is 1 when all is sent.
    void begin_sending(std::string bytes, int& done) {
        auto work = [](std::shared_ptr<inbox> to, std::string all, int& sent) -> awaitable<void> {
            co_await write(std::move(to), std::move(all));
            sent = 1;
        }(inbox_, std::move(bytes), done);
        spawn(loop_.executor(), "the scripted driver's frames", std::move(work));
    }
    void send(const json& header, std::string_view payload = {}) {
        send_bytes(driver::encode(header, payload));
    }

    // The greeting; `last_exec` is the highest statement that this driver has received.
    void hello(std::int64_t session, const std::string& token, std::int64_t last_exec = -1) {
        const json header{{"op", "hello"}, {"version", 1}, {"session", session},     {"token", token},
                          {"pid", 4712},   {"seq", 0},     {"last_exec", last_exec}, {"connects", 1}};
        send(header);
    }

    // The next frame with this op; earlier others are dropped.
    driver::frame expect(const std::string& op) {
        const auto next = [&] {
            auto& frames = inbox_->frames;
            while (!frames.empty() && frames.front().op() != op)
                frames.pop_front();
            return !frames.empty();
        };
        loop_.run_until(next, "a frame " + op);
        driver::frame out = std::move(inbox_->frames.front());
        inbox_->frames.pop_front();
        return out;
    }

    // Waits until the gateway has acknowledged everything up to `seq`, and nothing beyond.
    void expect_ack(std::int64_t seq) {
        std::int64_t acknowledged = 0;
        while (acknowledged < seq)
            acknowledged = expect("ack").integer("seq");
        if (acknowledged > seq)
            throw std::runtime_error("acknowledged too much: " + std::to_string(acknowledged));
    }

    // Whether a frame with this op has come and was not taken. Call after event_loop::settle().
    bool has(const std::string& op) const {
        const auto& frames = inbox_->frames;
        return std::any_of(frames.begin(), frames.end(), [&](const auto& f) { return f.op() == op; });
    }

    bool closed_by_peer() const { return inbox_->closed; }
    void wait_closed() {
        loop_.run_until([this] { return inbox_->closed; }, "the end of the connection");
    }
    void close() {
        boost::system::error_code ignored;
        inbox_->socket.close(ignored);
    }

private:
    struct inbox {
        explicit inbox(const asio::any_io_executor& executor) : socket(executor) {}
        asio::local::stream_protocol::socket socket;
        driver::decoder decoder;
        std::deque<driver::frame> frames;
        bool closed = false;
    };

    static awaitable<void> receive(std::shared_ptr<inbox> in) {
        std::vector<char> buffer(65536);
        for (;;) {
            const auto [ec, n] = co_await in->socket.async_read_some(asio::buffer(buffer), as_tuple);
            if (ec) break;
            in->decoder.feed({buffer.data(), n});
            for (auto next = in->decoder.next(); next.value(); next = in->decoder.next())
                in->frames.push_back(std::move(**next));
        }
        in->closed = true;
    }

    // Errors are the test's own business: the gateway may have closed the connection by now.
    static awaitable<void> write(std::shared_ptr<inbox> in, std::string bytes) {
        (void)co_await asio::async_write(in->socket, asio::buffer(bytes), as_tuple);
    }

    event_loop& loop_;
    std::shared_ptr<inbox> inbox_;
};

}  // namespace sparkgate::test
