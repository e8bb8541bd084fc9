// The rules by which sessions expire, each with its boundary.
#include "sparkgate/session/expiry.hpp"

#include "sparkgate/base/time.hpp"
#include "sparkgate/config/load.hpp"

#include <gtest/gtest.h>

namespace sparkgate::session {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr time_point start{1000h};

session_clocks since(time_point when) {
    return {when, when, when, when};
}

// The words of what comes first, or "never".
std::string why(occupation now, const session_clocks& clocks, const expiry_rules& rules) {
    const auto next = next_expiry(now, clocks, rules);
    return next ? next->why : "never";
}

// How long after `start`; -1: never.
std::chrono::nanoseconds when(occupation now, const session_clocks& clocks, const expiry_rules& rules) {
    const auto next = next_expiry(now, clocks, rules);
    return next ? next->when - start : -1ns;
}

expiry_rules idle_rule(milliseconds time) {
    expiry_rules out;
    out.idle_timeout = time;
    return out;
}
expiry_rules ttl_rule(milliseconds time) {
    expiry_rules out;
    out.ttl = time;
    return out;
}
expiry_rules heartbeat_rule(milliseconds time) {
    expiry_rules out;
    out.heartbeat = time;
    return out;
}
expiry_rules retention_rule(milliseconds time) {
    expiry_rules out;
    out.retention = time;
    return out;
}
expiry_rules without_skip(expiry_rules rules) {
    rules.skip_busy = false;
    return rules;
}

TEST(expiry, without_rules_nothing_happens) {
    for (const auto now : {occupation::busy, occupation::idle, occupation::ending, occupation::ended})
        EXPECT_EQ(why(now, since(start), {}), "never");
}

TEST(expiry, the_idle_timeout_counts_from_the_last_activity) {
    auto clocks = since(start);
    EXPECT_EQ(when(occupation::idle, clocks, idle_rule(1h)), 1h);
    clocks.last_activity += 10min;
    EXPECT_EQ(when(occupation::idle, clocks, idle_rule(1h)), 70min);
    clocks.last_contact += 50min;
    EXPECT_EQ(when(occupation::idle, clocks, idle_rule(1h)), 70min) << "asking about it is no activity";
    EXPECT_EQ(why(occupation::idle, clocks, idle_rule(1h)), "idle for 1h");
    EXPECT_EQ(why(occupation::idle, clocks, idle_rule(1500ms)), "idle for 1500ms");
}

TEST(expiry, the_ttl_counts_from_the_start_whatever_the_client_does) {
    auto clocks = since(start);
    clocks.last_activity = clocks.last_contact = start + 7h;
    EXPECT_EQ(when(occupation::idle, clocks, ttl_rule(8h)), 8h);
    EXPECT_EQ(why(occupation::idle, clocks, ttl_rule(8h)), "older than its ttl of 8h");
}

TEST(expiry, work_stops_the_clocks_of_idle_timeout_and_ttl) {
    EXPECT_EQ(why(occupation::busy, since(start), idle_rule(1h)), "never");
    EXPECT_EQ(why(occupation::busy, since(start), ttl_rule(1h)), "never");
}

TEST(expiry, without_skip_busy_the_clocks_go_on_during_work) {
    EXPECT_EQ(when(occupation::busy, since(start), without_skip(idle_rule(1h))), 1h);
    EXPECT_EQ(when(occupation::busy, since(start), without_skip(ttl_rule(2h))), 2h);
}

TEST(expiry, a_ttl_that_passed_during_work_has_expired_once_the_session_is_idle) {
    auto clocks = since(start);
    clocks.last_activity = start + 9h;  // it has just become idle
    EXPECT_EQ(when(occupation::idle, clocks, ttl_rule(8h)), 8h);
}

TEST(expiry, the_heartbeat_counts_from_the_last_contact_also_during_work) {
    auto clocks = since(start);
    clocks.last_contact += 5s;
    for (const auto now : {occupation::busy, occupation::idle}) {
        EXPECT_EQ(when(now, clocks, heartbeat_rule(60s)), 65s);
        EXPECT_EQ(why(now, clocks, heartbeat_rule(60s)), "no heartbeat for 60 s");
    }
}

TEST(expiry, an_ended_session_is_forgotten_after_the_retention_and_nothing_else_counts) {
    expiry_rules rules = retention_rule(10min);
    rules.idle_timeout = rules.ttl = rules.heartbeat = 1s;
    auto clocks = since(start);
    clocks.ended = start + 3min;
    EXPECT_EQ(when(occupation::ended, clocks, rules), 13min);
    EXPECT_EQ(why(occupation::ended, clocks, rules), "ended 10m ago");
    rules.retention.reset();
    EXPECT_EQ(why(occupation::ended, clocks, rules), "never");
}

TEST(expiry, the_retention_means_nothing_to_a_session_that_lives) {
    for (const auto now : {occupation::busy, occupation::idle, occupation::ending})
        EXPECT_EQ(why(now, since(start), retention_rule(1s)), "never");
}

TEST(expiry, nothing_counts_while_a_session_is_ending) {
    expiry_rules rules = without_skip(retention_rule(1s));
    rules.idle_timeout = rules.ttl = rules.heartbeat = 1s;
    EXPECT_EQ(why(occupation::ending, since(start), rules), "never");
}

TEST(expiry, the_earliest_comes_first) {
    expiry_rules rules;
    rules.idle_timeout = 3h;
    rules.ttl = 2h;
    rules.heartbeat = 1h;
    auto clocks = since(start);
    EXPECT_EQ(why(occupation::idle, clocks, rules), "no heartbeat for 3600 s");
    clocks.last_contact += 90min;
    EXPECT_EQ(why(occupation::idle, clocks, rules), "older than its ttl of 2h");
    clocks.started += 90min;
    clocks.last_contact += 90min;
    EXPECT_EQ(why(occupation::idle, clocks, rules), "idle for 3h");
}

TEST(expiry, the_longest_time_does_not_wrap_around_to_the_past) {
    const milliseconds longest = parse_time("106751d").value();
    for (const auto& rules : {idle_rule(longest), ttl_rule(longest), heartbeat_rule(longest)}) {
        const auto next = next_expiry(occupation::idle, since(start + 24h), rules);
        ASSERT_TRUE(next);
        EXPECT_EQ(next->when, time_point::max());
    }
}

// From configuration and request

class rules_of : public ::testing::Test {
protected:
    config::settings server = config::load(std::nullopt, {}).value().values;
    session_request request;
    expiry_rules rules() { return rules_for(server, request); }
};

TEST_F(rules_of, the_defaults) {
    EXPECT_EQ(rules().idle_timeout, 1h);
    EXPECT_EQ(rules().ttl, std::nullopt);
    EXPECT_EQ(rules().heartbeat, std::nullopt);
    EXPECT_EQ(rules().retention, 10min);
    EXPECT_TRUE(rules().skip_busy);
}

TEST_F(rules_of, the_switches_switch_the_servers_times) {
    server.timeout_check = false;
    server.ttl_check = true;
    server.timeout_skips_busy = false;
    EXPECT_EQ(rules().idle_timeout, std::nullopt);
    EXPECT_EQ(rules().ttl, 8h);
    EXPECT_FALSE(rules().skip_busy);
}

TEST_F(rules_of, the_requests_own_times_count_whatever_the_switches_say) {
    request.idle_timeout = "10m";
    request.ttl = "2d";
    for (const bool checked : {false, true}) {
        server.timeout_check = server.ttl_check = checked;
        EXPECT_EQ(rules().idle_timeout, 10min);
        EXPECT_EQ(rules().ttl, 48h);
    }
}

TEST_F(rules_of, a_bare_number_is_milliseconds) {
    request.ttl = "1500";
    EXPECT_EQ(rules().ttl, 1500ms);
}

TEST_F(rules_of, zero_is_never) {
    server.ttl_check = true;
    request.idle_timeout = request.ttl = "0";
    EXPECT_EQ(rules().idle_timeout, std::nullopt) << "also against the server's own time";
    EXPECT_EQ(rules().ttl, std::nullopt);
    request.idle_timeout = request.ttl = std::nullopt;
    server.session_timeout = server.session_ttl = server.state_retain = 0ms;
    EXPECT_EQ(rules().idle_timeout, std::nullopt);
    EXPECT_EQ(rules().ttl, std::nullopt);
    EXPECT_EQ(rules().retention, std::nullopt);
}

TEST_F(rules_of, a_heartbeat_of_zero_or_less_is_off) {
    for (const int off : {0, -1, -2147483647}) {
        request.heartbeat_timeout_s = off;
        EXPECT_EQ(rules().heartbeat, std::nullopt) << off;
    }
    request.heartbeat_timeout_s = 2147483647;
    EXPECT_EQ(rules().heartbeat, std::chrono::seconds(2147483647));
}

TEST(expiry, counts_from_before_the_start_of_the_machine) {
    const auto next = next_expiry(occupation::idle, since(time_point(-5h)), idle_rule(1h));
    ASSERT_TRUE(next);
    EXPECT_EQ(next->when, time_point(-4h));
}

}  // namespace
}  // namespace sparkgate::session
