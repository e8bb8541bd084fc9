// The socket that drivers dial, with drivers scripted over the real thing.
#include "sparkgate/driver/endpoint.hpp"

#include "support/scripted_driver.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace sparkgate::driver {
namespace {

// What the endpoint told a session, in order: "connected N" (last_exec), the ops, "disconnected".
class recorder : public listener {
public:
    void on_connected(const frame& hello) override {
        events.push_back("connected " + std::to_string(hello.integer("last_exec", -9)));
    }
    void on_frame(frame received) override {
        payloads.push_back(received.payload);
        events.push_back(received.op());
    }
    void on_disconnected() override { events.push_back("disconnected"); }

    std::vector<std::string> events, payloads;
};

using events = std::vector<std::string>;

class endpoint_test : public ::testing::Test {
protected:
    test::scripted_driver dial() { return {loop, socket->socket_path()}; }

    void wait_for_events(std::size_t count) {
        loop.run_until([&] { return owner.events.size() >= count; }, std::to_string(count) + " events");
    }

    static json reliable(const char* op, std::int64_t seq) { return {{"op", op}, {"seq", seq}}; }

    test::event_loop loop;
    test::temp_dir dir;
    recorder owner;
    std::unique_ptr<endpoint> socket = make_endpoint(loop.executor(), dir.path()).value();
    std::unique_ptr<link> end = socket->expect(7, "secret", owner);
};

TEST_F(endpoint_test, the_socket_is_private) {
    struct stat status {};
    ASSERT_EQ(::stat(socket->socket_path().c_str(), &status), 0);
    EXPECT_TRUE(S_ISSOCK(status.st_mode));
    EXPECT_EQ(status.st_mode & 0777u, 0600u);
    EXPECT_EQ(socket->socket_path(), dir.path() / "driver.sock");
}

TEST_F(endpoint_test, a_driver_that_proves_itself_is_welcome) {
    EXPECT_FALSE(end->connected());
    auto driver = dial();
    driver.hello(7, "secret", 3);
    const auto welcome = driver.expect("welcome");
    EXPECT_EQ(welcome.header, (json{{"op", "welcome"}, {"version", 1}, {"acked", 0}}));
    EXPECT_EQ(owner.events, events{"connected 3"});
    EXPECT_TRUE(end->connected());
}

TEST_F(endpoint_test, who_does_not_prove_itself_is_refused) {
    const std::vector<std::string> greetings{
        encode(json{{"op", "hello"}, {"session", 7}, {"token", "Secret"}}),
        encode(json{{"op", "hello"}, {"session", 7}, {"token", "secret2"}}),
        encode(json{{"op", "hello"}, {"session", 7}, {"token", "secre"}}),
        encode(json{{"op", "hello"}, {"session", 7}, {"token", ""}}),
        encode(json{{"op", "hello"}, {"session", 7}}),
        encode(json{{"op", "hello"}, {"session", 8}, {"token", "secret"}}),
        encode(json{{"op", "hello"}, {"session", "7"}, {"token", "secret"}}),
        encode(json{{"op", "hello"}, {"session", 7.5}, {"token", "secret"}}),
        encode(json{{"op", "hello"}, {"token", "secret"}}),
        encode(json{{"op", "result"}, {"session", 7}, {"token", "secret"}}),
        "GET /sessions HTTP/1.1\r\nHost: localhost\r\n\r\n",
        std::string(64, '\0'),
    };
    for (const auto& greeting : greetings) {
        auto driver = dial();
        driver.send_bytes(greeting);
        driver.wait_closed();
        EXPECT_FALSE(driver.has("welcome")) << greeting;
    }
    EXPECT_TRUE(owner.events.empty());
    EXPECT_FALSE(end->connected());
}

TEST_F(endpoint_test, a_refusal_does_not_disturb_the_true_driver) {
    auto good = dial();
    good.hello(7, "secret");
    good.expect("welcome");
    auto bad = dial();
    bad.hello(7, "wrong");
    bad.wait_closed();
    end->send(json{{"op", "exec"}, {"id", 1}}, "code");
    EXPECT_EQ(good.expect("exec").payload, "code");
    EXPECT_EQ(owner.events, events{"connected -1"});
}

TEST_F(endpoint_test, the_last_words_of_a_driver_that_has_gone_are_heard) {
    {
        asio::io_context elsewhere;
        asio::local::stream_protocol::socket driver(elsewhere);
        driver.connect(asio::local::stream_protocol::endpoint(socket->socket_path().native()));
        const json hello{{"op", "hello"}, {"session", 7}, {"token", "secret"}, {"last_exec", -1}};
        // More than is read at once: part of it is still in the socket when the welcome cannot be sent.
        asio::write(driver,
                    asio::buffer(encode(hello) + encode(reliable("failed", 1), std::string(100'000, 'x'))));
    }
    wait_for_events(3);
    EXPECT_EQ(owner.events, (events{"connected -1", "failed", "disconnected"}));
}

TEST_F(endpoint_test, frames_go_both_ways_in_order_with_their_payload) {
    auto driver = dial();
    driver.hello(7, "secret");
    for (int i = 0; i < 100; ++i)
        end->send(json{{"op", "lost"}}, "");  // before the greeting has arrived: dropped
    driver.expect("welcome");
    for (int i = 0; i < 100; ++i)
        end->send(json{{"op", "exec"}, {"id", i}}, std::string(10'000, 'c'));
    for (int i = 0; i < 100; ++i) {
        const auto got = driver.expect("exec");
        EXPECT_EQ(got.integer("id"), i);
        EXPECT_EQ(got.payload.size(), 10'000u);
    }
    EXPECT_FALSE(driver.has("lost"));
    driver.send(reliable("phase", 1));
    driver.send(json{{"op", "stream"}, {"seq", 2}}, "text");
    driver.send(json{{"op", "progress"}});
    wait_for_events(4);
    EXPECT_EQ(owner.events, (events{"connected -1", "phase", "stream", "progress"}));
    EXPECT_EQ(owner.payloads[1], "text");
}

TEST_F(endpoint_test, a_large_payload_passes) {
    auto driver = dial();
    driver.hello(7, "secret");
    driver.expect("welcome");
    const std::string large(20u << 20, 'x');
    end->send(json{{"op", "exec"}}, large);
    EXPECT_EQ(driver.expect("exec").payload.size(), large.size());
    driver.send(json{{"op", "result"}, {"seq", 1}}, large);
    wait_for_events(2);
    EXPECT_EQ(owner.payloads[0].size(), large.size());
}

TEST_F(endpoint_test, garbage_after_the_greeting_ends_the_connection) {
    auto driver = dial();
    driver.hello(7, "secret");
    driver.expect("welcome");
    driver.send(reliable("phase", 1));
    driver.send_bytes(std::string(8, '\xff'));
    driver.wait_closed();
    loop.settle();
    EXPECT_EQ(owner.events, (events{"connected -1", "phase", "disconnected"}));
    EXPECT_FALSE(end->connected());
}

TEST_F(endpoint_test, a_driver_that_leaves_may_come_again) {
    {
        auto driver = dial();
        driver.hello(7, "secret");
        driver.expect("welcome");
    }
    wait_for_events(2);
    EXPECT_FALSE(end->connected());
    end->send(json{{"op", "lost"}});
    auto again = dial();
    again.hello(7, "secret", 5);
    again.expect("welcome");
    EXPECT_EQ(owner.events, (events{"connected -1", "disconnected", "connected 5"}));
    loop.settle();
    EXPECT_FALSE(again.has("lost"));
}

TEST_F(endpoint_test, a_second_connection_replaces_the_first) {
    auto first = dial();
    first.hello(7, "secret");
    first.expect("welcome");
    auto second = dial();
    second.hello(7, "secret");
    second.expect("welcome");
    first.wait_closed();
    first.send(reliable("phase", 1));
    end->send(json{{"op", "exec"}});
    second.expect("exec");
    second.send(reliable("ready", 2));
    wait_for_events(3);
    EXPECT_EQ(owner.events, (events{"connected -1", "connected -1", "ready"}));
    EXPECT_TRUE(end->connected());
}

TEST_F(endpoint_test, reliable_frames_arrive_once_also_when_they_are_sent_again) {
    {
        auto driver = dial();
        driver.hello(7, "secret");
        driver.expect("welcome");
        driver.send(reliable("phase", 1));
        driver.send(reliable("ready", 2));
        driver.send(reliable("ready", 2));
        wait_for_events(3);
    }
    auto driver = dial();
    driver.hello(7, "secret");
    driver.expect("welcome");
    driver.send(reliable("phase", 1));
    driver.send(reliable("ready", 2));
    driver.send(reliable("started", 3));
    driver.send(json{{"op", "progress"}});
    driver.send(json{{"op", "progress"}});  // not reliable: each one counts
    wait_for_events(8);
    EXPECT_EQ(owner.events, (events{"connected -1", "phase", "ready", "disconnected", "connected -1",
                                    "started", "progress", "progress"}));
}

TEST_F(endpoint_test, a_frame_with_a_negative_number_is_dropped) {
    auto driver = dial();
    driver.hello(7, "secret");
    driver.expect("welcome");
    driver.send(reliable("result", -1));
    driver.send(reliable("result", INT64_MIN));
    driver.send(reliable("ready", 1));
    wait_for_events(2);
    EXPECT_EQ(owner.events, (events{"connected -1", "ready"}));
}

TEST_F(endpoint_test, acknowledging_tells_the_driver_and_the_next_greeting) {
    {
        auto driver = dial();
        driver.hello(7, "secret");
        driver.expect("welcome");
        end->acknowledge(4);
        EXPECT_EQ(driver.expect("ack").header, (json{{"op", "ack"}, {"seq", 4}}));
        end->acknowledge(2);  // never goes back
    }
    loop.run_until([&] { return !end->connected(); });
    end->acknowledge(6);  // nobody listens
    auto driver = dial();
    driver.hello(7, "secret");
    EXPECT_EQ(driver.expect("welcome").integer("acked"), 6);
}

TEST_F(endpoint_test, a_destroyed_link_closes_and_refuses) {
    auto driver = dial();
    driver.hello(7, "secret");
    driver.expect("welcome");
    driver.send(reliable("phase", 1));  // on its way when the link goes
    end.reset();
    driver.wait_closed();
    loop.settle();
    EXPECT_EQ(owner.events, events{"connected -1"});
    auto late = dial();
    late.hello(7, "secret");
    late.wait_closed();
    EXPECT_FALSE(late.has("welcome"));
    EXPECT_EQ(owner.events, events{"connected -1"});
}

TEST_F(endpoint_test, sessions_do_not_see_each_other) {
    recorder other;
    const auto other_end = socket->expect(8, "other secret", other);
    auto stranger = dial();
    stranger.hello(8, "secret");  // the token of session 7
    stranger.wait_closed();
    auto seven = dial(), eight = dial();
    seven.hello(7, "secret");
    eight.hello(8, "other secret");
    seven.expect("welcome");
    eight.expect("welcome");
    eight.send(reliable("phase", 1));
    loop.run_until([&] { return other.events.size() == 2; });
    EXPECT_EQ(owner.events, events{"connected -1"});
    end->send(json{{"op", "exec"}});
    seven.expect("exec");
    loop.settle();
    EXPECT_FALSE(eight.has("exec"));
}

TEST_F(endpoint_test, connections_that_say_nothing_are_limited_but_a_driver_still_gets_in_when_they_leave) {
    std::vector<std::unique_ptr<test::scripted_driver>> silent;
    for (int i = 0; i < 64; ++i)
        silent.push_back(std::make_unique<test::scripted_driver>(loop, socket->socket_path()));
    loop.settle();
    auto refused = dial();
    refused.wait_closed();
    silent.clear();
    loop.settle();
    auto driver = dial();
    driver.hello(7, "secret");
    driver.expect("welcome");
}

TEST_F(endpoint_test, an_endpoint_replaces_the_socket_that_a_killed_gateway_left) {
    const auto path = socket->socket_path();
    auto next = make_endpoint(loop.executor(), dir.path());
    ASSERT_TRUE(next);
    auto taken = (*next)->expect(7, "secret", owner);
    test::scripted_driver driver(loop, path);
    driver.hello(7, "secret");
    driver.expect("welcome");
    EXPECT_TRUE(taken->connected());
    EXPECT_FALSE(end->connected());
}

TEST_F(endpoint_test, the_socket_goes_with_the_endpoint) {
    const auto path = socket->socket_path();
    end.reset();
    socket.reset();
    EXPECT_FALSE(std::filesystem::exists(path));
    loop.settle();
}

TEST_F(endpoint_test, a_directory_that_does_not_exist_is_unavailable) {
    const auto made = make_endpoint(loop.executor(), dir.path() / "none");
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, errc::unavailable);
    EXPECT_NE(made.error().message.find("cannot listen on " + (dir.path() / "none").string()),
              std::string::npos);
}

TEST_F(endpoint_test, a_path_too_long_for_a_socket_works_all_the_same) {
    const auto deep = dir.path() / std::string(120, 'd');
    std::filesystem::create_directory(deep);
    auto far = make_endpoint(loop.executor(), deep);
    ASSERT_TRUE(far) << far.error().message;
    const auto far_end = (*far)->expect(7, "secret", owner);
    test::scripted_driver driver(loop, (*far)->socket_path());
    driver.hello(7, "secret");
    driver.expect("welcome");
    EXPECT_EQ((*far)->socket_path(), deep / "driver.sock") << "nothing of it is elsewhere";
}

}  // namespace
}  // namespace sparkgate::driver
