#include "sparkgate/session/alarm_clock.hpp"

#include "support/event_loop.hpp"

#include <gtest/gtest.h>

namespace sparkgate::test {
namespace {

using namespace std::chrono_literals;

class alarm_clock : public ::testing::Test {
protected:
    static auto in(std::chrono::nanoseconds time) { return std::chrono::steady_clock::now() + time; }
    void start() {
        auto work = clock.wait();
        loop.start(std::move(work), rung);
        loop.settle();
    }

    event_loop loop;
    session::alarm_clock clock;
    bool rung = false;
};

TEST_F(alarm_clock, rings_at_once_for_a_time_that_has_passed) {
    clock.ring_by(in(-1h));
    start();
    EXPECT_TRUE(rung);
}

TEST_F(alarm_clock, rings_at_its_time) {
    const auto when = in(20ms);
    clock.ring_by(when);
    start();
    loop.run_until([&] { return rung; });
    EXPECT_GE(std::chrono::steady_clock::now(), when);
}

TEST_F(alarm_clock, an_earlier_time_wakes_it_while_it_sleeps) {
    start();
    clock.ring_by(in(1h));
    clock.ring_by(in(10ms));
    clock.ring_by(in(2h));
    loop.run_until([&] { return rung; });
}

TEST_F(alarm_clock, rings_once_for_all_times_that_were_asked_for) {
    clock.ring_by(in(-1h));
    clock.ring_by(in(-2h));
    start();
    rung = false;
    start();
    EXPECT_FALSE(rung);
    clock.ring_by(in(0s));
    loop.run_until([&] { return rung; });
}

}  // namespace
}  // namespace sparkgate::test
