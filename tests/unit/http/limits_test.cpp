// What slow, huge or hostile clients meet. After each of them the server still serves.
#include "server_fixture.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace sparkgate::test {
namespace {

class limits : public http_server {
protected:
    void expect_others_served() {
        auto other = connect();
        EXPECT_EQ(other.exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").body, "hello");
        EXPECT_EQ(runs_ended, 0);
    }

    void expect_refused(raw_http& client, unsigned status) {
        EXPECT_EQ(client.receive().status, status);
        EXPECT_TRUE(client.closed());
        EXPECT_EQ(echoed, 0);
        expect_others_served();
    }
};

const std::string chunked = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST_F(limits, body_declared_above_the_limit) {
    options.limit.body_bytes = 1000;
    start();
    auto client = connect();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
    expect_refused(client, 413);
}

TEST_F(limits, body_above_the_limit_is_refused_even_while_the_client_sends) {
    options.limit.body_bytes = 1000;
    start();
    auto client = connect();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n" +
                std::string(4'000'000, 'a'));
    expect_refused(client, 413);
}

TEST_F(limits, chunks_above_the_body_limit) {
    options.limit.body_bytes = 1000;
    start();
    auto client = connect();
    client.send(chunked + "200\r\n" + std::string(512, 'a') + "\r\n200\r\n" + std::string(512, 'a') +
                "\r\n0\r\n\r\n");
    expect_refused(client, 413);
}

TEST_F(limits, body_at_the_limit) {
    options.limit.body_bytes = 1'000'000;
    start();
    auto client = connect();
    const std::string body(1'000'000, 'a');
    EXPECT_EQ(
        client.exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + body).body,
        "POST " + body);
    EXPECT_EQ(client.exchange(chunked + "F4240\r\n" + body + "\r\n0\r\n\r\n").body, "POST " + body);
}

TEST_F(limits, bodies_above_the_limit_of_all_connections) {
    options.limit.bodies_bytes = 3000;
    start();
    const std::string half =
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" + std::string(1999, 'a');
    auto first = connect(), second = connect();
    first.send(half);
    ASSERT_EQ(connect().exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").status, 200U);  // it has been read
    second.send(half);
    expect_refused(second, 503);
    second.close();
    EXPECT_EQ(first.exchange("a").body.size(), 2005U);  // "POST aa…"
    auto third = connect();
    EXPECT_EQ(third.exchange(half + "a").status, 200U);  // the first has given back what it held
}

TEST_F(limits, an_announced_length_costs_nothing) {
    const auto address_space = [] {
        std::size_t pages = 0;
        std::ifstream("/proc/self/statm") >> pages;
        return pages * 4096;
    };
    options.limit.body_bytes = 2u << 30;
    start();
    expect_others_served();
    const auto before = address_space();
    auto client = connect();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nabc");
    expect_others_served();
    EXPECT_LT(address_space(), before + 500'000'000);
}

TEST_F(limits, unread_answers_above_the_limit_of_all_connections) {
    options.limit.unread_bytes = 20 << 20;  // two of /big, not three
    start();
    auto first = connect(), second = connect(), third = connect();
    for (auto* each : {&first, &second, &third}) {
        each->send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
        expect_others_served();  // by now the answer is on its way
    }
    EXPECT_THROW(first.receive(), std::runtime_error);  // cut
    EXPECT_EQ(second.receive().body.size(), 9U << 20);
    EXPECT_EQ(third.receive().body.size(), 9U << 20);
    EXPECT_EQ(second.exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").body, "hello");
}

TEST_F(limits, requests_of_one_connection) {
    options.limit.requests_per_connection = 2;
    start();
    auto client = connect();
    const std::string hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send(hello + hello + hello);
    EXPECT_FALSE(client.receive().has("Connection"));
    EXPECT_EQ(client.receive().header("Connection"), "close");
    EXPECT_TRUE(client.closed());
    expect_others_served();
}

TEST_F(limits, trailer_of_70_kilobytes) {
    start();
    auto client = connect();
    client.send(chunked + "0\r\nX: " + std::string(70'000, 'a') + "\r\n\r\n");
    expect_refused(client, 431);
}

TEST_F(limits, endless_chunk_extension) {
    start();
    auto client = connect();
    client.send(chunked + "3;a=");
    const std::string more(64 * 1024, 'a');
    for (int i = 0; i < 100 && client.send(more); ++i) {
    }
    expect_refused(client, 400);
}

TEST_F(limits, header_above_the_limit) {
    start();
    auto client = connect();
    client.send("GET /echo HTTP/1.1\r\nHost: a\r\nX: " + std::string(50 * 1024, 'a') + "\r\n\r\n");
    expect_refused(client, 431);
}

TEST_F(limits, endless_header) {
    start();
    auto client = connect();
    client.send("GET /echo HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 12'000 && client.send("X: 1\r\n"); ++i) {
    }
    expect_refused(client, 431);
}

TEST_F(limits, header_just_below_the_limit) {
    start();
    auto client = connect();
    EXPECT_EQ(client
                  .exchange("GET /hello HTTP/1.1\r\nHost: a\r\nAuthorization: Negotiate " +
                            std::string(47 * 1024, 'a') + "\r\n\r\n")
                  .body,
              "hello");
}

TEST_F(limits, slow_header) {
    options.limit.header_timeout = std::chrono::milliseconds(150);
    start();
    auto client = connect();
    client.send("GET /echo HTTP/1.1\r\nHo");
    expect_refused(client, 408);
}

TEST_F(limits, bytes_that_drip_do_not_extend_the_header_deadline) {
    options.limit.header_timeout = std::chrono::milliseconds(150);
    start();
    auto client = connect();
    client.send("GET /echo HTTP/1.1\r\nHost: a\r\nX: ");
    EXPECT_TRUE(eventually([&client] { return !client.send("a"); }));
    EXPECT_EQ(echoed, 0);
    expect_others_served();
}

TEST_F(limits, slow_body) {
    options.limit.body_timeout = std::chrono::milliseconds(150);
    start();
    auto client = connect();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab");
    expect_refused(client, 408);
}

TEST_F(limits, idle_connection_is_closed_without_a_word) {
    options.limit.idle_timeout = std::chrono::milliseconds(150);
    start();
    auto fresh = connect();
    EXPECT_TRUE(fresh.closed());
    auto used = connect();
    EXPECT_EQ(used.exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").status, 200U);
    EXPECT_TRUE(used.closed());
    expect_others_served();
}

TEST_F(limits, reader_that_does_not_read_is_cut) {
    options.limit.write_timeout = std::chrono::milliseconds(150);
    options.limit.bytes_per_second = 1 << 30;
    start();
    auto client = connect();
    client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(eventually([this] { return access_log().size() == 1; }));
    EXPECT_THROW(client.receive(), std::runtime_error);  // "the answer was cut"
    expect_others_served();
}

TEST_F(limits, connections_of_one_address_above_the_limit_are_told) {
    options.limit.connections_per_address = 1;
    start();
    const std::string hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    auto first = connect();
    EXPECT_EQ(first.exchange(hello).status, 200U);
    auto second = connect();
    EXPECT_EQ(second.receive().status, 429U);
    EXPECT_TRUE(second.closed());
    EXPECT_EQ(first.exchange(hello).status, 200U);
}

TEST_F(limits, connections_above_the_limit_are_told) {
    options.limit.connections = 1;
    start();
    auto first = connect();
    EXPECT_EQ(first.exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").status, 200U);
    auto second = connect();
    second.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(second.receive().status, 503U);
    EXPECT_TRUE(second.closed());
    EXPECT_EQ(first.exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").status, 200U);
    first.close();
    second.close();
    EXPECT_TRUE(eventually(
        [this] { return connect().exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").status == 200U; }));
}

}  // namespace
}  // namespace sparkgate::test
