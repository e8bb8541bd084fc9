// Sessions that expire: what sets their clocks, and what is left of them. The clock is the test's.
#include "support/session_fixture.hpp"

#include <gmock/gmock.h>

namespace sparkgate::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class session_expiry : public session_fixture {
protected:
    // Lets time pass, then removes what has expired.
    void pass(std::chrono::milliseconds time) {
        now += time;
        manager().expire();
        loop.settle();
    }
    // The session ends and is forgotten; the text of a 404 afterwards.
    std::string wait_removed(const session_pointer& which) {
        const auto id = std::to_string(which->id());
        loop.run_until([&] { return !manager().find(id); }, "the removal of session " + id);
        return manager().find(id).error().reason;
    }
    bool lives(const session_pointer& which) { return which->state() == session_state::idle; }

    static session::session_request with_idle_timeout(const std::string& time) {
        auto out = request();
        out.idle_timeout = time;
        return out;
    }
    static session::session_request with_ttl(const std::string& time) {
        auto out = request();
        out.ttl = time;
        return out;
    }
    static session::session_request with_heartbeat(int seconds) {
        auto out = request();
        out.heartbeat_timeout_s = seconds;
        return out;
    }
};

TEST_F(session_expiry, an_idle_session_ends_at_its_time_and_not_before) {
    const auto idle = start_idle();
    pass(1h - 1ms);
    EXPECT_TRUE(lives(idle.self));
    pass(1ms);
    EXPECT_EQ(wait_removed(idle.self), "idle for 1h");
    EXPECT_EQ(idle.self->reason(), "idle for 1h");
}

TEST_F(session_expiry, an_expired_session_leaves_no_process_file_or_record) {
    const auto idle = start_idle();
    child_of(idle.self).stubborn = true;
    submit(idle.self, "1+1");
    idle.driver->expect("exec");
    idle.driver->send(result_of(2, 0), text_output("2"));
    wait_state(idle.self, session_state::idle);
    pass(1h);
    EXPECT_EQ(idle.self->state(), session_state::shutting_down);
    EXPECT_EQ(child_of(idle.self).terminated, 1);
    EXPECT_THAT(log_text(idle.self), HasSubstr("sparkgate: the session ends: idle for 1h"));
    child_of(idle.self).exit_with(0);
    wait_removed(idle.self);
    EXPECT_FALSE(std::filesystem::exists(idle.self->directory()));
    EXPECT_TRUE(store.load()->sessions.empty());
    EXPECT_TRUE(store.load()->statements.empty());
}

TEST_F(session_expiry, statements_cancels_completions_and_touch_are_activity) {
    const auto idle = start_idle();
    now += 59min;
    submit(idle.self, "1+1");
    idle.driver->expect("exec");
    idle.driver->send(result_of(2, 0), text_output("2"));
    wait_state(idle.self, session_state::idle);
    pass(59min);
    ASSERT_TRUE(lives(idle.self));
    cancel(idle.self, 0);
    pass(59min);
    ASSERT_TRUE(lives(idle.self));
    std::optional<std::string> names;
    auto completion = idle.self->complete(code_kind::pyspark, "x", 1);
    loop.start(std::move(completion), names);
    loop.settle();
    pass(59min);
    ASSERT_TRUE(lives(idle.self));
    idle.self->touch();
    pass(59min);
    ASSERT_TRUE(lives(idle.self));
    pass(1min);
    EXPECT_FALSE(lives(idle.self));
    loop.run_until([&] { return names.has_value(); });
}

TEST_F(session_expiry, questions_are_no_activity) {
    const auto idle = start_idle();
    now += 59min;
    idle.self->heard_from();
    pass(1min);
    EXPECT_FALSE(lives(idle.self));
}

TEST_F(session_expiry, the_time_of_a_start_is_not_idle_time) {
    const auto self = create(with_idle_timeout("10m"));
    pass(11min);
    EXPECT_EQ(self->state(), session_state::starting);
    const auto driver = dial(self);
    driver->send(ready());
    wait_state(self, session_state::idle);
    pass(9min);
    EXPECT_TRUE(lives(self));
    pass(1min);
    EXPECT_EQ(wait_removed(self), "idle for 10m");
}

TEST_F(session_expiry, a_busy_session_outlives_its_times_and_its_idle_time_begins_when_it_is_idle) {
    auto wanted = with_idle_timeout("10m");
    const auto idle = start_idle(wanted);
    submit(idle.self, "long");
    idle.driver->expect("exec");
    submit(idle.self, "waits");
    pass(100h);
    idle.driver->send(result_of(2, 0), text_output("2"));
    idle.driver->expect("exec");
    pass(100h);
    EXPECT_EQ(idle.self->state(), session_state::busy);
    idle.driver->send(result_of(3, 1), text_output("2"));
    wait_state(idle.self, session_state::idle);
    pass(10min - 1ms);
    EXPECT_TRUE(lives(idle.self));
    pass(1ms);
    EXPECT_FALSE(lives(idle.self));
}

TEST_F(session_expiry, a_ttl_that_passes_during_work_ends_the_session_when_it_is_idle) {
    const auto idle = start_idle(with_ttl("1h"));
    const auto running = submit(idle.self, "long");
    idle.driver->expect("exec");
    pass(2h);
    EXPECT_EQ(idle.self->state(), session_state::busy);
    idle.driver->send(result_of(2, 0), text_output("2"));
    wait_state(running, statement_state::available);
    pass(0s);
    EXPECT_EQ(wait_removed(idle.self), "older than its ttl of 1h");
}

TEST_F(session_expiry, without_skip_busy_work_does_not_keep_a_session) {
    settings.timeout_skips_busy = false;
    const auto idle = start_idle();
    const auto running = submit(idle.self, "long");
    idle.driver->expect("exec");
    pass(1h);
    wait_removed(idle.self);
    EXPECT_THAT(running->output.value_or(""), HasSubstr("idle for 1h"));
}

TEST_F(session_expiry, without_skip_busy_the_idle_time_begins_with_the_newest_statement) {
    settings.timeout_skips_busy = false;
    const auto idle = start_idle();
    now += 59min;
    submit(idle.self, "long");
    pass(59min);
    EXPECT_EQ(idle.self->state(), session_state::busy);
    pass(1min);
    EXPECT_EQ(idle.self->state(), session_state::dead);
}

TEST_F(session_expiry, a_ttl_counts_although_the_client_is_active) {
    const auto idle = start_idle(with_ttl("1h"));
    now += 59min;
    idle.self->touch();
    idle.self->heard_from();
    pass(1min);
    EXPECT_FALSE(lives(idle.self));
}

TEST_F(session_expiry, questions_keep_the_heartbeat_and_silence_ends_the_session_also_during_work) {
    const auto idle = start_idle(with_heartbeat(60));
    submit(idle.self, "long");
    for (int i = 0; i < 3; ++i) {
        pass(59s);
        idle.self->heard_from();
    }
    pass(60s - 1ms);
    EXPECT_EQ(idle.self->state(), session_state::busy);
    pass(1ms);
    EXPECT_EQ(wait_removed(idle.self), "no heartbeat for 60 s");
}

TEST_F(session_expiry, a_client_that_is_kept_waiting_is_heard_from_for_that_time) {
    const auto idle = start_idle(with_heartbeat(5));
    idle.self->heard_from(60s);
    now += 1s;
    idle.self->heard_from();  // another client, which does not shorten the wait of the first
    pass(63s);
    EXPECT_TRUE(lives(idle.self));
    pass(1s);
    EXPECT_FALSE(lives(idle.self));
}

TEST_F(session_expiry, a_starting_session_without_heartbeat_ends_too) {
    const auto self = create(with_heartbeat(60));
    pass(60s);
    wait_removed(self);
    EXPECT_EQ(child_of(self).terminated, 1);
}

TEST_F(session_expiry, an_ended_session_is_listed_for_the_retention_then_forgotten_with_its_reason) {
    const auto self = create();
    now += 5min;
    child_of(self).exit_with(3);
    wait_state(self, session_state::dead);
    EXPECT_EQ(self->expires()->when, now + 10min);
    pass(10min);
    EXPECT_EQ(wait_removed(self), "ended 10m ago (" + self->reason() + ")");
    EXPECT_THAT(self->reason(), HasSubstr("exit code 3"));
    EXPECT_TRUE(store.load()->sessions.empty());
}

TEST_F(session_expiry, the_end_of_a_name_is_told_until_the_name_is_used_again) {
    const auto first = create(named("etl"));
    child_of(first).exit_with(1);
    wait_state(first, session_state::dead);
    pass(10min);
    wait_removed(first);
    EXPECT_THAT(manager().find("etl").error().reason, HasSubstr("ended 10m ago"));
    remove(create(named("etl")));
    EXPECT_EQ(manager().find("etl").error().message, "Session 'etl' not found.");
    EXPECT_EQ(manager().find("etl").error().reason, "");
    EXPECT_THAT(manager().find("0").error().reason, HasSubstr("ended"));
}

TEST_F(session_expiry, one_that_a_client_deleted_is_just_not_found) {
    const auto idle = start_idle();
    remove(idle.self);
    EXPECT_EQ(manager().find("0").error().message, "Session '0' not found.");
}

TEST_F(session_expiry, a_session_that_a_client_deletes_at_that_moment_is_the_clients) {
    const auto idle = start_idle();
    child_of(idle.self).stubborn = true;
    std::optional<result<void>> removed;
    auto deletion = manager().remove(idle.self);
    loop.start(std::move(deletion), removed);
    loop.settle();
    pass(100h);
    child_of(idle.self).exit_with(0);
    loop.run_until([&] { return removed.has_value(); });
    EXPECT_TRUE(*removed);
    EXPECT_EQ(manager().find("0").error().message, "Session '0' not found.");
}

TEST_F(session_expiry, only_what_is_due_ends) {
    const auto early = start_idle(with_idle_timeout("10m")), late = start_idle(with_idle_timeout("20m"));
    pass(10min);
    wait_removed(early.self);
    EXPECT_TRUE(lives(late.self));
}

// The timer, with the real clock

class session_timer : public session_expiry {
protected:
    void SetUp() override { clock = std::chrono::steady_clock::now; }
    void start_timer() {
        auto work = manager().expire_in_time();
        loop.start(std::move(work), over_);
    }

private:
    bool over_ = false;
};

TEST_F(session_timer, wakes_for_a_session_that_becomes_idle) {
    start_timer();
    wait_removed(start_idle(with_idle_timeout("20ms")).self);
    wait_removed(start_idle(with_ttl("20ms")).self);
}

TEST_F(session_timer, wakes_for_a_session_that_is_created) {
    settings.timeout_skips_busy = false;
    start_timer();
    wait_removed(create(with_ttl("20ms")));
}

TEST_F(session_timer, wakes_for_a_session_that_ends) {
    settings.state_retain = 20ms;
    start_timer();
    const auto self = create();
    child_of(self).exit_with(1);
    wait_removed(self);
}

TEST_F(session_timer, goes_on_to_the_next_session) {
    settings.timeout_skips_busy = false;
    start_timer();
    const auto later = create(with_ttl("100ms"));
    wait_removed(create(with_ttl("10ms")));
    wait_removed(later);
}

TEST_F(session_timer, wakes_for_a_session_whose_statement_was_taken_back) {
    start_timer();
    const auto idle = start_idle(with_idle_timeout("100ms"));
    store.failing_commit = store.commits + 1;
    store.hold();
    std::optional<result<statement_pointer>> submitted;
    auto work = idle.self->submit(code_kind::pyspark, "1+1");
    loop.start(std::move(work), submitted);
    const auto past = std::chrono::steady_clock::now() + 100ms;
    loop.run_until([&] { return std::chrono::steady_clock::now() > past; }, "the timer");
    loop.settle();
    EXPECT_TRUE(lives(idle.self)) << "its statement waits for the store";
    store.release();
    wait_removed(idle.self);
}

TEST_F(session_timer, tries_again_what_the_store_refused) {
    // Past times ring at once, so that the pause takes no time.
    now = std::chrono::steady_clock::now() - 1h;
    clock = [this] { return now += 1ms; };
    settings.state_retain = 1ms;
    const auto self = create();
    store.keeps_next = true;
    start_timer();
    child_of(self).exit_with(1);
    loop.run_until([&] { return !store.keeps_next; }, "the first attempt");
    wait_removed(self);
}

}  // namespace
}  // namespace sparkgate::test
