// Statements of a session: order, cancel, results, reconnections. The driver is scripted over the real
// endpoint.
#include "support/session_fixture.hpp"

#include <gmock/gmock.h>

namespace sparkgate::test {
namespace {

using ::testing::HasSubstr;

class session_statements : public session_fixture {
protected:
    // Starts a session whose statement 0 is in the driver.
    struct running_session : idle_session {
        statement_pointer first;
    };
    running_session start_running() {
        running_session out{start_idle(), nullptr};
        out.first = submit(out.self, "first");
        out.driver->expect("exec");
        return out;
    }

    std::string stored_output(std::int64_t id) {
        auto work = store.read_output(0, id);
        const auto out = loop.await(std::move(work));
        return out ? *out : out.error().message;
    }
};

TEST_F(session_statements, a_statement_is_recorded_run_and_answered) {
    const auto idle = start_idle();
    const auto first = submit(idle.self, "1+1\n");
    EXPECT_EQ(first->id, 0);
    EXPECT_EQ(store.load()->statements.at(0).code, "1+1\n");
    const auto exec = idle.driver->expect("exec");
    EXPECT_EQ(exec.header, (json{{"op", "exec"}, {"id", 0}, {"kind", "pyspark"}}));
    EXPECT_EQ(exec.payload, "1+1\n");
    EXPECT_EQ(first->state, statement_state::running);
    EXPECT_EQ(idle.self->state(), session_state::busy);
    const auto began = now_ms() - 5;
    idle.driver->send(json{{"op", "started"}, {"seq", 2}, {"id", 0}, {"t", began}});
    idle.driver->send(json{{"op", "progress"}, {"id", 0}, {"value", 0.25}});
    loop.run_until([&] { return first->progress == 0.25; });
    EXPECT_EQ(first->started, began);
    idle.driver->send(result_of(3, 0), text_output("2"));
    wait_state(first, statement_state::available);
    EXPECT_EQ(idle.self->state(), session_state::idle) << "idle no later than the result";
    EXPECT_EQ(output(idle.self, first), text_output("2"));
    EXPECT_GE(first->completed, began);
    EXPECT_EQ(first->progress, 1.0);
    idle.driver->expect_ack(3);
    EXPECT_EQ(stored_output(0), text_output("2"));
}

TEST_F(session_statements, run_one_after_the_other_in_order_in_all_languages) {
    const auto idle = start_idle();
    const std::vector<code_kind> kinds{code_kind::pyspark, code_kind::spark, code_kind::sql,
                                       code_kind::sparkr};
    for (const auto kind : kinds)
        ASSERT_TRUE(try_submit(idle.self, "code", kind));
    for (std::int64_t id = 0; id < 4; ++id) {
        const auto exec = idle.driver->expect("exec");
        EXPECT_EQ(exec.integer("id"), id);
        EXPECT_EQ(exec.text("kind"), to_string(kinds[static_cast<std::size_t>(id)]));
        loop.settle();
        EXPECT_FALSE(idle.driver->has("exec")) << "one at a time";
        EXPECT_EQ(idle.self->state(), session_state::busy);
        idle.driver->send(result_of(id + 2, id), text_output("x"));
    }
    wait_state(idle.self, session_state::idle);
}

TEST_F(session_statements, a_statement_posted_while_starting_runs_after_ready) {
    const auto self = create();
    const auto early = submit(self, "early");
    const auto driver = dial(self);
    loop.settle();
    EXPECT_FALSE(driver->has("exec"));
    EXPECT_EQ(self->state(), session_state::starting);
    driver->send(ready());
    EXPECT_EQ(driver->expect("exec").payload, "early");
    EXPECT_EQ(early->state, statement_state::running);
}

TEST_F(session_statements, a_statement_does_not_run_before_it_is_durable) {
    const auto idle = start_idle();
    store.hold();
    std::optional<result<statement_pointer>> submitted;
    auto work = idle.self->submit(code_kind::pyspark, "1");
    loop.start(std::move(work), submitted);
    loop.settle();
    EXPECT_FALSE(idle.driver->has("exec"));
    EXPECT_FALSE(submitted);
    store.release();
    idle.driver->expect("exec");
}

TEST_F(session_statements, an_inactive_session_takes_none) {
    const auto idle = start_idle();
    child_of(idle.self).exit_with(1);
    wait_state(idle.self, session_state::dead);
    const auto refused = try_submit(idle.self, "1");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::conflict);
    EXPECT_EQ(refused.error().message, "Session is in state dead");
    EXPECT_TRUE(idle.self->statements().all().empty());
}

// Cancel

TEST_F(session_statements, a_waiting_statement_is_cancelled_at_once_and_the_others_go_on) {
    auto run = start_running();
    const auto second = submit(run.self, "second"), third = submit(run.self, "third");
    cancel(run.self, 1);
    EXPECT_EQ(second->state, statement_state::cancelled);
    EXPECT_EQ(second->started, 0);
    EXPECT_GT(second->completed, 0);
    EXPECT_EQ(second->progress, 1.0);
    EXPECT_EQ(output(run.self, second), "null");
    run.driver->send(result_of(2, 0), text_output("x"));
    EXPECT_EQ(run.driver->expect("exec").integer("id"), 2);
    EXPECT_FALSE(run.driver->has("cancel"));
}

TEST_F(session_statements, cancelling_the_only_waiting_statement_leaves_the_session_idle) {
    const auto idle = start_idle();
    idle.driver->close();
    loop.settle();
    submit(idle.self, "waits for the driver");
    EXPECT_EQ(idle.self->state(), session_state::busy);
    cancel(idle.self, 0);
    EXPECT_EQ(idle.self->state(), session_state::idle);
}

TEST_F(session_statements, a_running_statement_is_cancelling_until_the_driver_says_cancelled) {
    auto run = start_running();
    cancel(run.self, 0);
    EXPECT_EQ(run.first->state, statement_state::cancelling);
    EXPECT_EQ(run.driver->expect("cancel").integer("id"), 0);
    cancel(run.self, 0);  // again: no-op
    cancel(run.self, 99);
    cancel(run.self, -1);
    loop.settle();
    EXPECT_FALSE(run.driver->has("cancel"));
    EXPECT_EQ(run.first->state, statement_state::cancelling);
    run.driver->send(result_of(2, 0, "cancelled"));
    wait_state(run.first, statement_state::cancelled);
    EXPECT_EQ(output(run.self, run.first), "null");
    EXPECT_EQ(run.self->state(), session_state::idle);
    cancel(run.self, 0);
    EXPECT_EQ(run.first->state, statement_state::cancelled);
}

TEST_F(session_statements, a_result_that_was_faster_than_the_cancel_is_kept) {
    auto run = start_running();
    cancel(run.self, 0);
    run.driver->send(result_of(2, 0), text_output("done"));
    wait_state(run.first, statement_state::available);
    EXPECT_EQ(output(run.self, run.first), text_output("done"));
    run.driver->expect_ack(2);
    EXPECT_EQ(store.load()->statements.at(0).state, "available");
    EXPECT_EQ(stored_output(0), text_output("done"));
}

TEST_F(session_statements, a_cancel_while_the_result_is_being_stored_changes_nothing) {
    auto run = start_running();
    store.hold();
    run.driver->send(result_of(2, 0), text_output("done"));
    wait_state(run.first, statement_state::available);
    cancel(run.self, 0);
    store.release();
    run.driver->expect_ack(2);
    EXPECT_EQ(run.first->state, statement_state::available);
    EXPECT_EQ(store.load()->statements.at(0).state, "available");
    EXPECT_EQ(stored_output(0), text_output("done"));
}

TEST_F(session_statements, a_cancel_that_failed_is_logged_and_goes_on) {
    auto run = start_running();
    cancel(run.self, 0);
    run.driver->send(json{{"op", "cancel_failed"}, {"seq", 2}, {"id", 0}, {"reason", "native code"}});
    run.driver->expect_ack(2);
    EXPECT_EQ(run.first->state, statement_state::cancelling);
    EXPECT_EQ(run.self->state(), session_state::busy);
    EXPECT_THAT(log_text(run.self), HasSubstr("statement 0 could not be cancelled: native code"));
    EXPECT_EQ(child_of(run.self).terminated, 0);
}

TEST_F(session_statements, a_cancel_that_failed_ends_the_session_when_that_is_configured) {
    settings.escalation = config::cancel_escalation::kill;
    auto run = start_running();
    cancel(run.self, 0);
    run.driver->send(json{{"op", "cancel_failed"}, {"seq", 2}, {"id", 0}, {"reason", "native code"}});
    wait_state(run.self, session_state::dead);
    EXPECT_EQ(run.self->reason(), "statement 0 could not be cancelled: native code");
    EXPECT_EQ(child_of(run.self).terminated, 1);
    EXPECT_EQ(run.first->state, statement_state::cancelled);
}

// Results

TEST_F(session_statements, an_empty_result_is_null) {
    auto run = start_running();
    run.driver->send(result_of(2, 0));
    wait_state(run.first, statement_state::available);
    EXPECT_EQ(output(run.self, run.first), "null");
}

TEST_F(session_statements, a_result_that_is_not_json_becomes_an_error_output) {
    auto run = start_running();
    run.driver->send(result_of(2, 0), "{\"status\":\"ok\"");
    wait_state(run.first, statement_state::available);
    EXPECT_EQ(output(run.self, run.first),
              R"({"status":"error","execution_count":0,"ename":"ProtocolError",)"
              R"("evalue":"The driver's answer was not valid JSON.","traceback":[]})");
}

TEST_F(session_statements, a_large_output_is_kept_in_the_store_only_and_read_back) {
    auto run = start_running();
    const auto large = text_output(std::string(1 << 20, 'x'));
    run.driver->send(result_of(2, 0), large);
    run.driver->expect_ack(2);
    EXPECT_TRUE(run.first->output_in_store);
    EXPECT_FALSE(run.first->output) << "it costs no memory";
    EXPECT_EQ(output(run.self, run.first), large);
}

TEST_F(session_statements, results_of_statements_that_do_not_run_are_acknowledged_and_ignored) {
    auto run = start_running();
    const auto waiting = submit(run.self, "second");
    run.driver->send(result_of(2, 77), text_output("x"));
    run.driver->send(result_of(3, 1), text_output("x"));
    run.driver->expect_ack(3);
    EXPECT_EQ(waiting->state, statement_state::waiting);
    EXPECT_EQ(output(run.self, waiting), "null");
}

TEST_F(session_statements, nothing_beyond_a_result_is_acknowledged_before_it_is_stored) {
    auto run = start_running();
    store.hold();
    run.driver->send(result_of(2, 0), text_output("x"));
    run.driver->send(json{{"op", "log"}, {"seq", 3}, {"text", "later"}});
    wait_state(run.first, statement_state::available);
    loop.settle();
    EXPECT_FALSE(run.driver->has("ack"));
    store.release();
    run.driver->expect_ack(3);
}

// The session's end

TEST_F(session_statements, the_death_of_the_session_ends_its_statements) {
    auto run = start_running();
    const auto waiting = submit(run.self, "second");
    child_of(run.self).exit_with(134);
    wait_state(run.self, session_state::dead);
    EXPECT_EQ(run.first->state, statement_state::available);
    const auto ended = parse_json(output(run.self, run.first)).value();
    EXPECT_EQ(ended["status"], "error");
    EXPECT_EQ(ended["ename"], "SessionEnded");
    EXPECT_EQ(ended["evalue"], "The session ended while the statement ran: exit code 134");
    EXPECT_EQ(waiting->state, statement_state::cancelled);
    EXPECT_EQ(output(run.self, waiting), "null");
    const auto kept = store.load()->statements;
    EXPECT_EQ(kept.at(0).state, "available");
    EXPECT_EQ(kept.at(1).state, "cancelled");
}

TEST_F(session_statements, a_cancelling_statement_is_cancelled_by_the_sessions_death) {
    auto run = start_running();
    cancel(run.self, 0);
    child_of(run.self).exit_with(1);
    wait_state(run.self, session_state::dead);
    EXPECT_EQ(run.first->state, statement_state::cancelled);
}

TEST_F(session_statements, a_statement_whose_session_dies_while_it_is_recorded_is_cancelled) {
    const auto idle = start_idle();
    store.hold();
    std::optional<result<statement_pointer>> submitted;
    auto work = idle.self->submit(code_kind::pyspark, "1");
    loop.start(std::move(work), submitted);
    loop.settle();
    child_of(idle.self).exit_with(1);
    wait_state(idle.self, session_state::dead);
    store.release();
    loop.run_until([&] { return submitted.has_value(); });
    ASSERT_TRUE(*submitted);
    EXPECT_EQ((**submitted)->state, statement_state::cancelled);
    EXPECT_EQ(store.load()->statements.at(0).state, "cancelled");
}

// Reconnections

TEST_F(session_statements, a_driver_that_did_not_receive_a_statement_gets_it_again) {
    auto run = start_running();
    run.driver->close();
    const auto again = dial(run.self, -1);
    EXPECT_EQ(again->expect("exec").integer("id"), 0);
    again->send(result_of(2, 0), text_output("x"));
    wait_state(run.first, statement_state::available);
}

TEST_F(session_statements, a_driver_that_received_a_statement_does_not_get_it_again) {
    auto run = start_running();
    const auto second = submit(run.self, "second");
    run.driver->close();
    const auto again = dial(run.self, 0);
    loop.settle();
    EXPECT_FALSE(again->has("exec"));
    again->send(result_of(2, 0), text_output("x"));
    wait_state(run.first, statement_state::available);
    EXPECT_EQ(again->expect("exec").integer("id"), 1);
}

TEST_F(session_statements, a_cancel_that_the_connection_lost_is_sent_again) {
    auto run = start_running();
    run.driver->close();
    loop.settle();
    cancel(run.self, 0);
    const auto again = dial(run.self, 0);
    EXPECT_EQ(again->expect("cancel").integer("id"), 0);
}

TEST_F(session_statements, statements_that_came_while_nobody_was_connected_run_when_the_driver_is_back) {
    const auto idle = start_idle();
    idle.driver->close();
    loop.settle();
    const auto first = submit(idle.self, "1");
    EXPECT_EQ(first->state, statement_state::waiting);
    const auto again = dial(idle.self);
    EXPECT_EQ(again->expect("exec").integer("id"), 0);
}

TEST_F(session_statements, a_result_sent_again_after_a_reconnection_counts_once) {
    auto run = start_running();
    run.driver->send(result_of(2, 0), text_output("once"));
    wait_state(run.first, statement_state::available);
    run.driver->close();
    const auto again = dial(run.self, 0);
    again->send(result_of(2, 0), text_output("twice"));
    again->send(json{{"op", "log"}, {"seq", 3}, {"text", "x"}});
    again->expect_ack(3);
    EXPECT_EQ(output(run.self, run.first), text_output("once"));
}

// Retention

TEST_F(session_statements, the_oldest_finished_ones_are_forgotten) {
    settings.retained_statements = 2;
    const auto idle = start_idle();
    for (std::int64_t id = 0; id < 4; ++id) {
        submit(idle.self, "x");
        idle.driver->expect("exec");
        const auto seq = 2 + 2 * id;
        idle.driver->send(json{{"op", "stream"}, {"seq", seq}, {"id", id}, {"name", "stdout"}}, "printed");
        idle.driver->send(result_of(seq + 1, id), text_output("x"));
        idle.driver->expect_ack(seq + 1);
    }
    EXPECT_EQ(idle.self->statements().all().size(), 2u);
    EXPECT_FALSE(idle.self->statements().find(1));
    const auto kept = store.load()->statements;
    ASSERT_EQ(kept.size(), 2u);
    EXPECT_EQ(kept[0].id, 2);
    EXPECT_EQ(idle.self->printed().read(1, 0).text, "") << "what it printed is gone too";
    EXPECT_EQ(idle.self->printed().read(2, 0).text, "printed");
}

TEST_F(session_statements, a_session_may_say_how_many_are_kept) {
    auto wanted = request();
    wanted.spark.conf = {{"livy.rsc.retained-statements", "1"}};
    const auto idle = start_idle(wanted);
    for (std::int64_t id = 0; id < 2; ++id) {
        submit(idle.self, "x");
        idle.driver->expect("exec");
        idle.driver->send(result_of(2 + id, id), text_output("x"));
        idle.driver->expect_ack(2 + id);
    }
    EXPECT_EQ(idle.self->statements().all().size(), 1u);
}

}  // namespace
}  // namespace sparkgate::test
