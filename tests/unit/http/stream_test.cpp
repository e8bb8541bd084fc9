// Answers whose body is sent piece by piece, over a real socket.
#include "http/stream_writer.hpp"
#include "server_fixture.hpp"

#include <gmock/gmock.h>

namespace sparkgate::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

const std::string hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string get_stream = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";

// GET /stream: a body that a test writes by a function.
class stream : public http_server {
protected:
    stream() {
        auto handle = [this](const http::request&, const http::path_values&) -> awaitable<http::response> {
            auto out = text("never sent");
            out.content_type = "text/plain";
            out.stream = [this](http::body_writer& to) { return run(to); };
            co_return out;
        };
        more_routes.push_back({http::method::get, "/stream", handle});
    }

    // A timer of a test's producer, an hour from now.
    static awaitable<void> wait_long() {
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 1h);
        co_await timer.async_wait(as_tuple);
    }

    // Until nobody reads any more.
    static awaitable<void> wait_until_closed(http::body_writer& to) {
        while (to.open())
            co_await wait_long();
    }

    // Lines come when all of an answer has been sent, which its client may have read by then.
    void expect_log(const std::vector<std::string>& lines) {
        EXPECT_TRUE(eventually([&] { return access_log().size() >= lines.size(); }));
        EXPECT_EQ(access_log(), lines);
    }

    raw_http ask() const {
        auto client = connect();
        client.send(get_stream);
        return client;
    }

    // Pieces of 64 KiB, counted, for as long as they are taken.
    void produce_without_end() {
        produce = [this](http::body_writer& to) -> awaitable<void> {
            const std::string piece(64 * 1024, 'x');
            while (co_await to.write(piece))
                ++pieces;
        };
    }

    http::body_producer produce;
    std::atomic<int> begun{0}, ended{0}, pieces{0};

private:
    awaitable<void> run(http::body_writer& to) {
        ++begun;
        co_await produce(to);
        ++ended;
    }
};

awaitable<void> write_ab(http::body_writer& to) {
    EXPECT_TRUE(co_await to.write("a"));
    EXPECT_TRUE(co_await to.write(""));
    EXPECT_TRUE(co_await to.write("bc"));
}

TEST_F(stream, is_chunked_and_the_connection_goes_on) {
    produce = write_ab;
    start();
    auto client = connect();
    for (int i = 0; i < 2; ++i) {
        client.send(get_stream);
        const auto head = client.receive();
        EXPECT_EQ(head.status, 200U);
        EXPECT_EQ(head.header("Transfer-Encoding"), "chunked");
        EXPECT_FALSE(head.has("Content-Length"));
        EXPECT_EQ(client.receive_until("\r\n0\r\n\r\n"), "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n");
    }
    EXPECT_EQ(client.exchange(hello).body, "hello");
    expect_log({"GET /stream 200 3", "GET /stream 200 3", "GET /hello 200 5"});
}

TEST_F(stream, without_a_piece_is_an_empty_body) {
    produce = [](http::body_writer&) -> awaitable<void> { co_return; };
    start();
    auto client = ask();
    client.receive();
    EXPECT_EQ(client.receive_until("\r\n\r\n"), "0\r\n\r\n");
    EXPECT_EQ(client.exchange(hello).body, "hello");
}

TEST_F(stream, a_large_piece_is_one_chunk) {
    produce = [](http::body_writer& to) -> awaitable<void> {
        const std::string large(3'000'000, 'x');
        EXPECT_TRUE(co_await to.write(large));
    };
    start();
    auto client = ask();
    client.receive();
    EXPECT_EQ(client.receive_until("0\r\n\r\n"),
              "2dc6c0\r\n" + std::string(3'000'000, 'x') + "\r\n0\r\n\r\n");
    expect_log({"GET /stream 200 3000000"});
}

TEST_F(stream, for_http_1_0_ends_with_the_connection) {
    produce = write_ab;
    start();
    for (const auto* header : {"", "Connection: keep-alive\r\n"}) {
        auto client = connect();
        client.send("GET /stream HTTP/1.0\r\n" + std::string(header) + "\r\n");
        const auto head = client.receive();
        EXPECT_EQ(head.header("Connection"), "close");
        EXPECT_FALSE(head.has("Transfer-Encoding") || head.has("Content-Length"));
        EXPECT_EQ(client.receive_until("never"), "abc");
    }
}

TEST_F(stream, connection_close_is_obeyed) {
    produce = write_ab;
    start();
    auto client = connect();
    client.send("GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(client.receive().header("Connection"), "close");
    EXPECT_THAT(client.receive_until("never"), EndsWith("\r\n0\r\n\r\n"));
}

TEST_F(stream, head_gets_the_head_and_nothing_runs) {
    produce = write_ab;
    start();
    auto client = connect();
    client.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.receive(true).header("Transfer-Encoding"), "chunked");
    EXPECT_EQ(client.exchange(hello).body, "hello");
    EXPECT_EQ(begun, 0);
    expect_log({"HEAD /stream 200 0", "GET /hello 200 5"});
}

TEST_F(stream, is_not_compressed) {
    produce = [](http::body_writer& to) -> awaitable<void> {
        const std::string repeated(10'000, 'x');
        co_await to.write(repeated);
    };
    start();
    auto client = connect();
    client.send("GET /stream HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    EXPECT_FALSE(client.receive().has("Content-Encoding"));
    EXPECT_THAT(client.receive_until("0\r\n\r\n"), HasSubstr(std::string(10'000, 'x')));
}

TEST_F(stream, pieces_arrive_while_it_goes_on) {
    produce = [](http::body_writer& to) -> awaitable<void> {
        co_await to.write("first");
        co_await wait_until_closed(to);
    };
    start();
    auto client = ask();
    client.receive();
    EXPECT_EQ(client.receive_until("first\r\n"), "5\r\nfirst\r\n");
    EXPECT_EQ(ended, 0);
}

// Nothing is written meanwhile: the reading side tells.
TEST_F(stream, a_client_that_goes_ends_the_producers_wait) {
    std::atomic<bool> wrote = true;
    produce = [&](http::body_writer& to) -> awaitable<void> {
        co_await wait_long();
        EXPECT_FALSE(to.open());
        wrote = co_await to.write("for nobody");
    };
    start();
    auto client = ask();
    client.receive();
    EXPECT_EQ(ended, 0);
    client.close();
    EXPECT_TRUE(eventually([this] { return ended == 1; }));
    EXPECT_FALSE(wrote);
    expect_log({"GET /stream 200 0"});
}

TEST_F(stream, what_a_client_sends_meanwhile_is_answered_afterwards) {
    produce = [this](http::body_writer& to) -> awaitable<void> {
        co_await to.write("begun");
        while (waiting == 0) {
            boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 1ms);
            co_await timer.async_wait(as_tuple);
        }
    };
    start();
    auto client = ask();
    client.receive();
    client.receive_until("begun\r\n");
    client.send(hello + hello);
    waiting = 1;
    EXPECT_EQ(client.receive_until("0\r\n\r\n"), "0\r\n\r\n");
    EXPECT_EQ(client.receive().body, "hello");
    EXPECT_EQ(client.receive().body, "hello");
}

TEST_F(stream, a_client_that_sends_without_end_is_cut) {
    produce = wait_until_closed;
    start();
    auto client = ask();
    client.receive();
    const std::string more(64 * 1024, 'a');
    for (int i = 0; i < 100 && client.send(more); ++i) {
    }
    EXPECT_TRUE(eventually([this] { return ended == 1; }));
    EXPECT_EQ(connect().exchange(hello).body, "hello");
}

// The producer waits for the socket, and is told when the time for a piece is over.
TEST_F(stream, a_client_that_does_not_read_is_cut) {
    options.limit.write_timeout = 300ms;
    options.limit.bytes_per_second = 1 << 20;
    produce_without_end();
    start();
    auto client = ask();
    EXPECT_TRUE(eventually([this] { return ended == 1; }));
    EXPECT_LT(pieces * 64, 32 * 1024) << "no more than what the kernel's buffers hold";
    EXPECT_EQ(client.receive().status, 200U);
    EXPECT_THAT(client.receive_until("0\r\n\r\n"), Not(EndsWith("0\r\n\r\n")));
}

TEST_F(stream, a_bug_in_the_producer_cuts_the_body) {
    produce = [](http::body_writer& to) -> awaitable<void> {
        co_await to.write("a");
        throw std::runtime_error("the bug");
    };
    start();
    auto client = ask();
    client.receive();
    EXPECT_EQ(client.receive_until("0\r\n\r\n"), "1\r\na\r\n");
    EXPECT_EQ(runs_ended, 0);
    EXPECT_EQ(connect().exchange(hello).body, "hello");
}

// A client that reads as fast as the server writes does not keep the others waiting.
TEST_F(stream, others_are_served_beside_an_endless_one) {
    std::atomic<bool> stop = false;
    produce = [&](http::body_writer& to) -> awaitable<void> {
        while (co_await to.write("x"))
            if (stop) co_return;
    };
    start();
    auto client = ask();
    client.receive();
    const std::jthread reader([&](const std::stop_token& over) {
        const std::stop_callback end_it(over, [&stop] { stop = true; });
        client.receive_until("0\r\n\r\n");
    });
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(connect().exchange(hello).body, "hello");
}

TEST_F(stream, drain_waits_for_its_end_and_closes) {
    std::atomic<bool> stop = false;
    produce = [&](http::body_writer& to) -> awaitable<void> {
        co_await to.write("begun");
        while (!stop) {
            boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 1ms);
            co_await timer.async_wait(as_tuple);
        }
        co_await to.write("last");
    };
    start();
    auto client = ask();
    client.receive();
    client.receive_until("begun\r\n");
    auto drained = drain(1h);
    stop = true;
    EXPECT_EQ(client.receive_until("0\r\n\r\n"), "4\r\nlast\r\n0\r\n\r\n");
    EXPECT_TRUE(client.closed());
    client.close();
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
}

// An hour is granted for each piece, but not when the server stops.
TEST_F(stream, drain_does_not_wait_for_a_slow_reader) {
    options.limit.write_timeout = 1h;
    produce_without_end();
    start();
    auto client = ask();
    int before = 0;
    ASSERT_TRUE(eventually([&] { return pieces > 0 && std::exchange(before, pieces) == pieces; }));
    auto drained = drain(1h);
    EXPECT_EQ(drained.wait_for(8s), std::future_status::ready);
    EXPECT_EQ(ended, 1);
}

TEST_F(stream, drains_deadline_cuts_one_that_does_not_end) {
    produce = wait_until_closed;
    start();
    auto client = ask();
    client.receive();
    EXPECT_EQ(drain(50ms).wait_for(5s), std::future_status::ready);
    EXPECT_TRUE(eventually([this] { return ended == 1; }));
}

TEST_F(stream, many_come_and_go) {
    produce = wait_until_closed;
    start();
    {
        std::vector<raw_http> clients;
        for (int i = 0; i < 100; ++i) {
            clients.push_back(connect());
            clients.back().send(get_stream);
        }
        ASSERT_TRUE(eventually([this] { return begun == 100; }));
        EXPECT_EQ(ended, 0);
    }
    EXPECT_TRUE(eventually([this] { return ended == 100; }));
}

}  // namespace
}  // namespace sparkgate::test
