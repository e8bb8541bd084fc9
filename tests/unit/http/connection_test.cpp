// One connection over a real socket: bytes in, bytes out.
#include "server_fixture.hpp"

#include <gmock/gmock.h>

namespace sparkgate::test {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class connection : public http_server {};

const std::string hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

// Every test whose connection stays open ends with this.
void expect_still_served(raw_http& client) {
    const auto next = client.exchange(hello);
    EXPECT_EQ(next.status, 200U);
    EXPECT_EQ(next.body, "hello");
}

void expect_refused(raw_http& client, unsigned status) {
    const auto got = client.receive();
    EXPECT_EQ(got.status, status) << got.head;
    EXPECT_THAT(got.body, StartsWith("{\"msg\":"));
    EXPECT_EQ(got.header("Connection"), "close");
    EXPECT_TRUE(client.closed());
}

TEST_F(connection, answers_and_stays_open) {
    start();
    auto client = connect();
    const auto got = client.exchange(hello);
    EXPECT_EQ(got.status, 200U);
    EXPECT_EQ(got.body, "hello");
    EXPECT_EQ(got.header("X-Frame-Options"), "SAMEORIGIN");
    EXPECT_FALSE(got.has("Connection"));
    EXPECT_FALSE(got.has("Server"));
    expect_still_served(client);
}

TEST_F(connection, answers_pipelined_requests_in_order) {
    start();
    auto client = connect();
    std::string many;
    for (int i = 0; i < 1000; ++i)
        many += "GET /echo?n=" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send(many);
    for (int i = 0; i < 1000; ++i)
        ASSERT_EQ(client.receive().body, "GET  n=" + std::to_string(i));
    expect_still_served(client);
}

TEST_F(connection, accepts_a_request_byte_by_byte) {
    start();
    auto client = connect();
    const std::string request = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    for (const char byte : request)
        client.send({&byte, 1});
    EXPECT_EQ(client.receive().body, "POST abc");
    expect_still_served(client);
}

TEST_F(connection, head_has_the_length_but_no_body) {
    start();
    auto client = connect();
    client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto got = client.receive(true);
    EXPECT_EQ(got.status, 200U);
    EXPECT_EQ(got.header("Content-Length"), "5");
    expect_still_served(client);
}

TEST_F(connection, no_content_has_neither_body_nor_length) {
    start();
    auto client = connect();
    const auto got = client.exchange("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(got.status, 204U);
    EXPECT_FALSE(got.has("Content-Length"));
    expect_still_served(client);
}

TEST_F(connection, asks_for_the_body_that_is_expected_to_be_asked_for) {
    start();
    auto client = connect();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.receive().status, 100U);
    client.send("abc");
    EXPECT_EQ(client.receive().body, "POST abc");
    expect_still_served(client);
}

TEST_F(connection, does_not_ask_for_a_body_that_is_too_large) {
    options.limit.body_bytes = 10;
    start();
    auto client = connect();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
    expect_refused(client, 413);
    EXPECT_EQ(echoed, 0);
}

TEST_F(connection, reads_and_ignores_bodies_on_get_and_delete) {
    start();
    auto client = connect();
    EXPECT_EQ(client.exchange("GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc").body,
              "hello");
    EXPECT_EQ(client.exchange("DELETE /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}").status,
              200U);
    expect_still_served(client);
}

TEST_F(connection, decodes_chunks_and_ignores_extensions_and_trailers) {
    start();
    auto client = connect();
    const auto got = client.exchange(
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-HTTP-Method-Override: DELETE\r\nHost: b\r\n\r\n");
    EXPECT_EQ(got.body, "POST abcde");
    expect_still_served(client);
}

TEST_F(connection, takes_any_content_type_and_encoding) {
    start();
    auto client = connect();
    const auto got = client.exchange(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        "Content-Encoding: UTF-8\r\nContent-Length: 3\r\n\r\na=b");
    EXPECT_EQ(got.body, "POST a=b");
    expect_still_served(client);
}

TEST_F(connection, routes_by_the_overriding_method) {
    start();
    auto client = connect();
    EXPECT_EQ(
        client.exchange("POST /echo?_method=DELETE HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").body,
        "DELETE  _method=DELETE");
    // The framing stays that of a POST, so the next answer is not mistaken for a body.
    const auto got = client.exchange("POST /hello HTTP/1.1\r\nHost: a\r\nX-Method-Override: HEAD\r\n\r\n");
    EXPECT_EQ(got.body, "hello");
    expect_still_served(client);
}

TEST_F(connection, may_refuse_before_the_route_is_looked_for) {
    options.refuse = [](const http::request& asked) -> std::optional<http::response> {
        if (asked.header("x-wanted")) return {};
        http::response out;
        out.status = 400;
        out.body = "refused";
        return out;
    };
    start();
    auto client = connect();
    for (const auto* line : {"GET /hello", "GET /nowhere", "DELETE /hello"}) {
        const auto got = client.exchange(line + std::string(" HTTP/1.1\r\nHost: a\r\n\r\n"));
        EXPECT_EQ(got.status, 400U);
        EXPECT_EQ(got.body, "refused");
    }
    EXPECT_EQ(client.exchange("GET /hello HTTP/1.1\r\nHost: a\r\nX-Wanted: 1\r\n\r\n").body, "hello");
}

TEST_F(connection, serves_http_10_once_unless_asked_to_stay) {
    start();
    auto once = connect();
    EXPECT_EQ(once.exchange("GET /hello HTTP/1.0\r\n\r\n").header("Connection"), "close");
    EXPECT_TRUE(once.closed());
    auto kept = connect();
    EXPECT_EQ(kept.exchange("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").header("Connection"),
              "keep-alive");
    expect_still_served(kept);
}

TEST_F(connection, closes_when_the_client_says_so) {
    start();
    auto client = connect();
    client.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + hello);
    EXPECT_EQ(client.receive().header("Connection"), "close");
    EXPECT_TRUE(client.closed());
}

TEST_F(connection, answers_a_client_that_has_half_closed) {
    start();
    auto client = connect();
    client.send(hello);
    client.half_close();
    EXPECT_EQ(client.receive().body, "hello");
    EXPECT_TRUE(client.closed());
}

TEST_F(connection, says_404_and_405) {
    start();
    auto client = connect();
    EXPECT_EQ(client.exchange("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n").status, 404U);
    const auto got = client.exchange("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(got.status, 405U);
    EXPECT_EQ(got.header("Allow"), "GET, HEAD");
    expect_still_served(client);
}

TEST_F(connection, turns_an_exception_into_500_with_the_request_id) {
    start();
    auto client = connect();
    const auto got = client.exchange("GET /throw HTTP/1.1\r\nHost: a\r\nX-Request-Id: my-id\r\n\r\n");
    EXPECT_EQ(got.status, 500U);
    EXPECT_THAT(got.body, HasSubstr("my-id"));
    EXPECT_EQ(got.header("X-Request-Id"), "my-id");
    expect_still_served(client);
}

TEST_F(connection, gives_every_request_an_id_of_its_own) {
    start();
    auto client = connect();
    const auto first = client.exchange(hello).header("X-Request-Id");
    const auto second = client.exchange(hello).header("X-Request-Id");
    EXPECT_NE(first, "");
    EXPECT_NE(first, second);
    EXPECT_LE(first.size(), 16U);
}

TEST_F(connection, writes_a_large_answer_to_a_slow_reader) {
    start();
    auto client = connect();
    client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.receive().body.size(), 9U << 20);
    expect_still_served(client);
}

TEST_F(connection, logs_each_answer_once) {
    start();
    auto client = connect();
    client.exchange(hello);
    client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    client.receive(true);
    client.exchange("GET /.. HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(eventually([this] { return access_log().size() == 3; }));
    EXPECT_THAT(access_log(),
                ElementsAre("GET /hello 200 5", "HEAD /hello 200 0", StartsWith("GET /.. 400 ")));
}

TEST_F(connection, logs_what_its_client_broke_off) {
    start();
    const auto sends = [this](const std::string& part, std::size_t lines) {
        auto client = connect();
        client.send(part);
        client.close();
        ASSERT_TRUE(eventually([&] { return access_log().size() == lines; })) << part;
    };
    sends("GET /hel", 1);
    sends("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na", 2);
    EXPECT_THAT(access_log(), ElementsAre("GET  0 0", "POST /echo 0 0"));
    EXPECT_EQ(echoed, 0);
}

TEST_F(connection, never_serves_what_follows_a_refused_request) {
    start();
    for (const auto& bad :
         {std::string("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n"
                      "Content-Length: 3\r\n\r\nabc"),
          std::string("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
          std::string("GARBAGE\r\n\r\n")}) {
        auto client = connect();
        client.send(bad + "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        expect_refused(client, 400);
    }
    EXPECT_EQ(echoed, 0);
}

TEST_F(connection, finishes_the_work_of_a_client_that_has_gone) {
    start();
    auto client = connect();
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(eventually([this] { return waiting == 1; }));
    client.close();
    release();
    EXPECT_TRUE(eventually([this] { return waited == 1; }));
    auto next = connect();
    expect_still_served(next);
}

}  // namespace
}  // namespace sparkgate::test
