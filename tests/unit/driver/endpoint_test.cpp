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
                    asio::buffer(encode(hello) + encode(reliable("result", 1), std::string(100'000, 'x'))));
    }
    wait_for_events(3);
    EXPECT_EQ(owner.events, (events{"connected -1", "result", "disconnected"}));
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

TEST_F(endpoint_test, silent_connections_keep_no_driver_waiting) {
    std::vector<std::unique_ptr<test::scripted_driver>> silent;
    for (int i = 0; i < 64; ++i)
        silent.push_back(std::make_unique<test::scripted_driver>(loop, socket->socket_path()));
    loop.settle();
    EXPECT_FALSE(silent.front()->closed_by_peer());
    auto driver = dial();
    driver.hello(7, "secret");
    driver.expect("welcome");
    loop.settle();
    EXPECT_TRUE(silent.front()->closed_by_peer()) << "the oldest had to go";
    EXPECT_FALSE(silent[1]->closed_by_peer());
    EXPECT_FALSE(silent.back()->closed_by_peer());
}

TEST_F(endpoint_test, before_its_greeting_a_connection_may_send_a_greeting_only) {
    const std::string padding(8000, 'x');
    const json hello{{"op", "hello"}, {"session", 7}, {"token", "secret"}};
    auto padded = hello;
    padded["padding"] = padding;
    std::string announced(8, '\0');
    announced[2] = 0x10;  // a header of 4096 bytes and
    announced[7] = 1;     // a payload of one
    for (const auto& greeting : {encode(padded), encode(hello, "x"), announced}) {
        auto stranger = dial();
        stranger.send_bytes(greeting);
        stranger.wait_closed();
        EXPECT_FALSE(stranger.has("welcome"));
    }
}

TEST_F(endpoint_test, a_payload_where_none_is_due_ends_the_connection_before_it_has_come) {
    for (const auto* op : {"phase", "log", "started", "progress", "bye", "unheard-of"}) {
        auto driver = dial();
        driver.hello(7, "secret");
        driver.expect("welcome");
        auto bytes = encode(json{{"op", op}}, std::string(1 << 20, 'x'));
        driver.send_bytes(bytes.substr(0, 1000));
        driver.wait_closed();
    }
    EXPECT_EQ(std::count(owner.events.begin(), owner.events.end(), "disconnected"), 6);
}

TEST_F(endpoint_test, large_frames_come_a_few_at_a_time_and_small_ones_meanwhile) {
    constexpr std::size_t count = 8, size = 8u << 20;
    std::vector<recorder> owners(count);
    std::vector<std::unique_ptr<link>> ends;
    std::vector<std::unique_ptr<test::scripted_driver>> drivers;
    const auto large = encode(reliable("result", 1), std::string(size, 'x'));
    for (std::size_t i = 0; i < count; ++i) {
        ends.push_back(socket->expect(100 + static_cast<std::int64_t>(i), "secret", owners[i]));
        drivers.push_back(std::make_unique<test::scripted_driver>(loop, socket->socket_path()));
        drivers[i]->hello(100 + static_cast<std::int64_t>(i), "secret");
        drivers[i]->expect("welcome");
    }
    // All but the last byte, of as many as may.
    std::vector<int> sent(count, 0);
    const auto finished = [&] { return std::count(sent.begin(), sent.end(), 1); };
    for (std::size_t i = 0; i < count; ++i)
        drivers[i]->begin_sending(large.substr(0, large.size() - 1), sent[i]);
    loop.run_until([&] { return finished() == 4; }, "the first have sent theirs");
    loop.settle();
    EXPECT_EQ(finished(), 4);
    auto other = dial();
    other.hello(7, "secret");
    other.expect("welcome");
    other.send(reliable("phase", 1));
    wait_for_events(2);
    // One leaves, with its frame unfinished: the next gets its place.
    const auto leaver = static_cast<std::size_t>(std::find(sent.begin(), sent.end(), 1) - sent.begin());
    drivers[leaver]->close();
    loop.run_until([&] { return finished() == 5; }, "the next has sent its own");
    const auto end_all = [&] {
        for (std::size_t i = 0; i < count; ++i)
            if (i != leaver && std::exchange(sent[i], sent[i] == 1 ? 2 : sent[i]) == 1)
                drivers[i]->send_bytes("x");
        return std::count(sent.begin(), sent.end(), 2) == static_cast<std::ptrdiff_t>(count - 1);
    };
    loop.run_until(end_all, "all have sent theirs");
    for (std::size_t i = 0; i < count; ++i)
        if (i != leaver) loop.run_until([&] { return owners[i].events.back() == "result"; });
}

TEST_F(endpoint_test, a_jump_in_the_count_of_frames_ends_the_connection_and_is_forgotten) {
    for (const std::int64_t jump : {std::int64_t{1} << 60, INT64_MAX, std::int64_t{3}}) {
        auto driver = dial();
        driver.hello(7, "secret");
        driver.expect("welcome");
        driver.send(reliable("phase", 1));
        driver.send(reliable("result", jump));
        driver.wait_closed();
    }
    auto driver = dial();
    driver.hello(7, "secret");
    driver.expect("welcome");
    driver.send(reliable("ready", 2));
    loop.run_until([&] { return owner.events.back() == "ready"; });
    EXPECT_EQ(std::count(owner.events.begin(), owner.events.end(), "result"), 0);
}

TEST_F(endpoint_test, what_a_listener_throws_ends_with_the_connection) {
    class thrower : public recorder {
        void on_frame(frame received) override {
            recorder::on_frame(received);
            if (received.op() == "log") throw std::runtime_error("a bug");
        }
    };
    thrower fragile;
    const auto fragile_end = socket->expect(8, "other secret", fragile);
    auto good = dial(), bad = dial();
    good.hello(7, "secret");
    good.expect("welcome");
    bad.hello(8, "other secret");
    bad.expect("welcome");
    bad.send(reliable("log", 1));
    bad.wait_closed();
    EXPECT_FALSE(fragile_end->connected());
    EXPECT_EQ(fragile.events, (events{"connected -1", "log", "disconnected"}));
    auto again = dial();
    again.hello(8, "other secret");
    again.expect("welcome");
    again.send(reliable("log", 1));
    again.send(reliable("ready", 2));
    loop.run_until([&] { return fragile.events.back() == "ready"; });
    EXPECT_TRUE(end->connected());
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
