// Starting, running out of descriptors, and draining.
#include "server_fixture.hpp"

#include <gmock/gmock.h>

#include <sys/resource.h>

namespace sparkgate::test {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class server : public http_server {};

const std::string hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string get_wait = "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n";

// Lowers the limit of open descriptors to those that are open now.
class no_more_descriptors {
public:
    no_more_descriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        auto now = before_;
        now.rlim_cur = static_cast<rlim_t>(unique_fd(::dup(0)).get());
        ::setrlimit(RLIMIT_NOFILE, &now);
    }
    ~no_more_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

TEST_F(server, says_why_it_cannot_listen) {
    start();
    boost::asio::io_context other_loop;
    options.port = port;
    const auto other = http::make_server(other_loop.get_executor(), http::router({}), options);
    const auto started = other->start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, errc::unavailable);
    EXPECT_EQ(started.error().message,
              "cannot listen on 127.0.0.1:" + std::to_string(port) + ": Address already in use");
}

TEST_F(server, listens_on_names_and_ipv6) {
    for (const auto* host : {"localhost", "::1", "[::1]", "0.0.0.0"}) {
        boost::asio::io_context other_loop;
        options.host = host;
        const auto other = http::make_server(other_loop.get_executor(), http::router({}), options);
        const auto started = other->start();
        EXPECT_TRUE(started) << host << ": " << started.error().message;
        EXPECT_NE(other->port(), 0) << host;
    }
    options.host = "no.such.host.invalid";
    const auto other = http::make_server(loop.get_executor(), http::router({}), options);
    EXPECT_THAT(other->start().error().message, HasSubstr("cannot listen on no.such.host.invalid:0: "));
}

TEST_F(server, survives_running_out_of_descriptors) {
    start();
    auto early = connect();
    EXPECT_EQ(early.exchange(hello).status, 200U);
    {
        unique_fd reserved(::dup(0));  // for the client's end
        const no_more_descriptors none;
        reserved.reset();
        auto turned_away = connect();
        EXPECT_TRUE(turned_away.closed());
        EXPECT_EQ(early.exchange(hello).status, 200U);
    }
    auto late = connect();
    EXPECT_EQ(late.exchange(hello).status, 200U);
}

TEST_F(server, drain_closes_idle_connections_and_finishes_running_requests) {
    start();
    auto idle = connect();
    EXPECT_EQ(idle.exchange(hello).status, 200U);
    auto running = connect();
    running.send(get_wait);
    ASSERT_TRUE(eventually([this] { return waiting == 1; }));
    auto drained = drain(10s);
    EXPECT_TRUE(idle.closed());
    EXPECT_THROW(connect(), std::runtime_error);
    release();
    const auto got = running.receive();
    EXPECT_EQ(got.body, "released");
    EXPECT_EQ(got.header("Connection"), "close");
    EXPECT_TRUE(running.closed());
    running.close();
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
}

TEST_F(server, drain_answers_what_has_begun_to_arrive) {
    start();
    auto client = connect();
    client.send(get_wait + hello.substr(0, 10));
    ASSERT_TRUE(eventually([this] { return waiting == 1; }));
    auto slow = connect();
    slow.send(hello.substr(0, 10));
    ASSERT_EQ(connect().exchange(hello).status, 200U);  // by now the part of `slow` has been read
    auto drained = drain(10s);
    slow.send(hello.substr(10));
    EXPECT_EQ(slow.receive().header("Connection"), "close");
    slow.close();
    release();
    EXPECT_EQ(client.receive().body, "released");
    EXPECT_TRUE(client.closed());
    client.close();
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
}

TEST_F(server, drain_cuts_the_rest_at_the_deadline) {
    start();
    auto client = connect();
    client.send(get_wait);
    ASSERT_TRUE(eventually([this] { return waiting == 1; }));
    auto drained = drain(100ms);
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
    EXPECT_EQ(client.receive().status, 0U);
    release();
    EXPECT_TRUE(eventually([this] { return waited == 1; }));
}

TEST_F(server, drain_of_an_idle_server_is_done_at_once) {
    start();
    EXPECT_EQ(drain(1h).wait_for(5s), std::future_status::ready);
}

}  // namespace
}  // namespace sparkgate::test
