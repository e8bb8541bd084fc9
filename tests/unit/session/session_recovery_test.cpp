// Sessions under the next gateway process: what was promised is there, nothing runs twice.
#include "support/session_fixture.hpp"

#include <fstream>

namespace sparkgate::test {
namespace {

class session_recovery : public session_fixture {
protected:
    session_pointer found(const char* id = "0") { return manager().find(id).value(); }
    statement_pointer statement(std::int64_t id) { return found()->statements().find(id); }

    void keep(store::session_record record) {
        std::vector<store::change> changes;
        changes.emplace_back(store::put_session{std::move(record)});
        auto work = store.commit(std::move(changes));
        loop.await(std::move(work)).value();
    }
    void keep_session(std::int64_t id, std::string state) {
        keep({id, "", std::move(state), R"({"kind":"pyspark"})", "{}"});
    }
    void keep_statement(std::int64_t owner, std::string state, std::string kind = "pyspark") {
        store::statement_record record;
        record.session = owner;
        record.kind = std::move(kind);
        record.code = "1";
        record.state = std::move(state);
        std::vector<store::change> changes;
        changes.emplace_back(store::put_statement{std::move(record)});
        auto work = store.commit(std::move(changes));
        loop.await(std::move(work)).value();
    }

    void restart_while_slow_runs_and_next_waits() {
        auto before = start_idle();
        submit(before.self, "slow");
        submit(before.self, "next");
        before.driver->expect("exec");
        before.driver.reset();
        restart();
    }

    // The processes of it end while no gateway looks.
    void vanish(const session_pointer& which) {
        child_of(which).gone = true;
        std::ofstream(which->directory() / "shim.json") << "{}";
    }
};

TEST_F(session_recovery, an_idle_session_goes_on) {
    auto wanted = named("etl");
    wanted.spark.conf = {{"spark.x", "1"}};
    wanted.ttl = "3h";
    auto before = start_idle(wanted);
    submit(before.self, "x = 1");
    before.driver->expect("exec");
    before.driver->send(result_of(2, 0), text_output("one"));
    before.driver->expect_ack(2);
    restart();
    const auto self = found("etl");
    EXPECT_NE(self, before.self);
    EXPECT_EQ(self->state(), session_state::idle);
    EXPECT_EQ(self->request().spark.conf, wanted.spark.conf);
    EXPECT_EQ(self->request().ttl, "3h");
    EXPECT_EQ(self->app_id(), "local-17");
    EXPECT_EQ(self->ui_url(), "http://127.0.0.1:4040");
    EXPECT_EQ(output(self, statement(0)), text_output("one"));
    const auto driver = dial(self, 0);
    submit(self, "x");
    EXPECT_EQ(driver->expect("exec").integer("id"), 1);
    EXPECT_EQ(launcher.children.size(), 1u);
}

TEST_F(session_recovery, what_the_driver_had_is_not_sent_again_and_its_result_is_taken) {
    restart_while_slow_runs_and_next_waits();
    EXPECT_EQ(found()->state(), session_state::busy);
    const auto driver = dial(found(), 0);
    wait_state(statement(0), statement_state::running);
    loop.settle();
    EXPECT_FALSE(driver->has("exec"));
    driver->send(result_of(2, 0), text_output("done"));
    EXPECT_EQ(driver->expect("exec").payload, "next") << "what waited runs next";
    EXPECT_EQ(output(found(), statement(0)), text_output("done"));
}

TEST_F(session_recovery, what_the_driver_never_got_is_sent) {
    auto before = start_idle();
    before.driver.reset();
    loop.settle();
    submit(before.self, "lost");
    restart();
    const auto driver = dial(found(), -1);
    EXPECT_EQ(driver->expect("exec").payload, "lost");
}

TEST_F(session_recovery, a_result_that_was_shown_but_not_stored_comes_again) {
    auto before = start_idle();
    submit(before.self, "a");
    submit(before.self, "b");
    before.driver->expect("exec");
    store.hold();
    store.failing_commit = store.commits + 1;
    before.driver->send(result_of(2, 0), text_output("a"));
    before.driver->expect("exec");  // of b: the result of a is not in the store
    before.driver.reset();
    restart();
    store.release();
    const auto driver = dial(found(), 1);
    driver->send(result_of(2, 0), text_output("a"));
    driver->send(result_of(3, 1), text_output("b"));
    wait_state(statement(1), statement_state::available);
    EXPECT_EQ(output(found(), statement(0)), text_output("a"));
    EXPECT_EQ(output(found(), statement(1)), text_output("b"));
    EXPECT_FALSE(driver->has("exec"));
    wait_state(found(), session_state::idle);
}

TEST_F(session_recovery, a_driver_that_became_ready_unseen_is_ready) {
    const auto self = create();
    submit(self, "early");
    restart();
    EXPECT_EQ(found()->state(), session_state::starting);
    const auto driver = dial(found());
    driver->send(ready());
    EXPECT_EQ(driver->expect("exec").payload, "early");
}

TEST_F(session_recovery, ready_is_acknowledged_when_the_store_has_it) {
    const auto self = create();
    const auto driver = dial(self);
    store.hold();
    driver->send(ready());
    wait_state(self, session_state::idle);
    loop.settle();
    EXPECT_FALSE(driver->has("ack"));
    store.release();
    driver->expect_ack(1);
    EXPECT_EQ(store.load()->sessions.at(0).state, "idle");
}

TEST_F(session_recovery, a_session_that_died_unseen_is_dead_with_the_reason) {
    auto before = start_idle();
    submit(before.self, "1+1");
    before.driver->expect("exec");
    vanish(before.self);
    std::ofstream(before.self->directory() / "exit.json") << R"({"code":7,"ended_by_us":false})";
    restart();
    EXPECT_EQ(found()->state(), session_state::dead);
    EXPECT_EQ(found()->reason(), "exit code 7");
    EXPECT_EQ(statement(0)->state, statement_state::cancelled) << "whether it ran is not known";
    EXPECT_EQ(launcher.children.size(), 1u);
}

TEST_F(session_recovery, a_cancel_that_the_driver_did_not_hear_is_repeated) {
    auto before = start_idle();
    submit(before.self, "slow");
    before.driver->expect("exec");
    before.driver.reset();
    loop.settle();
    cancel(before.self, 0);
    restart();
    const auto driver = dial(found(), 0);
    EXPECT_EQ(driver->expect("cancel").integer("id"), 0);
    EXPECT_EQ(statement(0)->state, statement_state::cancelling);
}

TEST_F(session_recovery, a_cancel_of_what_the_driver_may_have_waits_for_its_word) {
    restart_while_slow_runs_and_next_waits();
    ASSERT_EQ(statement(0)->state, statement_state::waiting) << "the store does not know that it was sent";
    cancel(found(), 0);
    EXPECT_EQ(statement(0)->state, statement_state::cancelling);
    const auto driver = dial(found(), 0);
    EXPECT_EQ(driver->expect("cancel").integer("id"), 0);
    loop.settle();
    EXPECT_FALSE(driver->has("exec"));
    driver->send(result_of(2, 0, "cancelled"));
    EXPECT_EQ(driver->expect("exec").payload, "next");
    EXPECT_EQ(statement(0)->state, statement_state::cancelled);
}

TEST_F(session_recovery, what_is_cancelled_before_the_driver_got_it_never_runs) {
    auto before = start_idle();
    before.driver.reset();
    loop.settle();
    submit(before.self, "unwanted");
    submit(before.self, "next");
    restart();
    cancel(found(), 0);
    const auto driver = dial(found(), -1);
    EXPECT_EQ(driver->expect("exec").payload, "next");
    EXPECT_EQ(statement(0)->state, statement_state::cancelled);
    EXPECT_EQ(statement(0)->started, 0);
    loop.run_until([&] { return store.load()->statements.at(0).state == "cancelled"; }, "its record");
}

TEST_F(session_recovery, a_late_cancel_does_not_touch_an_output_that_only_the_store_has) {
    auto idle = start_idle();
    submit(idle.self, "big");
    idle.driver->expect("exec");
    const auto large = text_output(std::string(100'000, 'x'));
    idle.driver->send(result_of(2, 0), large);
    idle.driver->expect_ack(2);
    cancel(idle.self, 0);
    EXPECT_EQ(output(idle.self, statement(0)), large);
}

TEST_F(session_recovery, a_cancel_is_confirmed_when_the_store_has_it) {
    auto before = start_idle();
    submit(before.self, "slow");
    submit(before.self, "unwanted");
    store.hold();
    auto work = before.self->cancel(1);
    std::optional<result<void>> kept;
    loop.start(std::move(work), kept);
    loop.settle();
    EXPECT_FALSE(kept);
    store.release();
    loop.run_until([&] { return bool(kept); }, "confirmed");
    EXPECT_EQ(store.load()->statements.at(1).state, "cancelled");
}

TEST_F(session_recovery, an_end_that_the_store_refused_is_stored_later) {
    const auto self = create();
    store.failing_commit = store.commits + 1;
    child_of(self).exit_with(7);
    loop.run_until([&] { return store.commits >= store.failing_commit; }, "the first attempt");
    EXPECT_EQ(self->state(), session_state::dead);
    EXPECT_EQ(store.load()->sessions.at(0).state, "starting");
    loop.run_until([&] { return store.load()->sessions.at(0).state == "dead"; }, "the second attempt");
}

TEST_F(session_recovery, a_removal_that_the_store_refuses_is_finished_by_the_next_server) {
    const auto self = create();
    child_of(self).exit_with(0);
    store.keeps_next = true;
    remove(self);
    ASSERT_EQ(store.load()->sessions.size(), 1u);
    EXPECT_TRUE(std::filesystem::exists(self->directory() / "output.log"));
    restart();
    EXPECT_TRUE(manager().all().empty()) << "nobody sees it again";
    loop.run_until([&] { return store.load()->sessions.empty(); }, "the second attempt");
    loop.run_until([&] { return !std::filesystem::exists(self->directory()); }, "its directory");
}

TEST_F(session_recovery, a_removal_that_was_cut_off_before_the_end_is_finished) {
    const auto idle = start_idle();
    ASSERT_TRUE(idle.self->mark_removal());
    restart();
    loop.run_until([&] { return manager().all().empty(); }, "it is removed");
    EXPECT_EQ(child_of(idle.self).terminated, 1);
    EXPECT_TRUE(store.load()->sessions.empty());
}

TEST_F(session_recovery, every_state_of_a_session_with_every_state_of_a_statement_comes_back) {
    std::int64_t id = 0;
    for (const auto of_session : session::all_session_states)
        for (const auto of_statement : session::all_statement_states) {
            keep_session(id, std::string(to_string(of_session)));
            keep_statement(id++, std::string(to_string(of_statement)));
        }
    manager();
    restart();
    ASSERT_EQ(manager().all().size(), static_cast<std::size_t>(id)) << "none hides another";
    for (const auto& each : manager().all())
        EXPECT_TRUE(is_final(each->statements().find(0)->state) ||
                    (is_active(each->state()) && !is_finished(each->state())))
            << each->id();
    const auto all_are_final = [this] {
        const auto stored = store.load().value();
        for (const auto& record : stored.statements)
            if (!is_final(session::parse_statement_state(record.state).value()) &&
                is_finished(found(std::to_string(record.session).c_str())->state()))
                return false;
        return true;
    };
    loop.run_until(all_are_final, "the records of the statements of ended sessions");
}

TEST_F(session_recovery, a_record_that_cannot_be_read_is_dead_and_stays_as_it_is) {
    const std::vector<store::session_record> damaged{
        {0, "", "idle", "{", "{}"},
        {1, "", "idle", "[]", "{}"},
        {2, "", "starting", R"({"kind":"pyspark","conf":["a"]})", "{}"},
        {3, "", "starting", R"({"kind":"pyspark","proxyUser":7})", "{}"},
        {4, "", "starting", R"({"kind":"cobol"})", "{}"},
        {5, "", "busy", "{}", "no json"},
        {6, "", "busy", "{}", R"({"owner":["ada"]})"},
        {7, "", "asleep", "{}", "{}"},
    };
    manager();
    for (const auto& each : damaged) {
        keep(each);
        keep_statement(each.id, "waiting");
    }
    keep_session(8, "starting");
    restart();
    ASSERT_EQ(manager().all().size(), 9u);
    for (const auto& each : damaged) {
        const auto shown = found(std::to_string(each.id).c_str());
        EXPECT_EQ(shown->state(), session_state::dead) << each.id;
        EXPECT_TRUE(shown->reason().starts_with("its record cannot be read: ")) << shown->reason();
        EXPECT_FALSE(shown->expires()) << "nobody removes it unasked";
        EXPECT_EQ(log_text(shown), "sparkgate: " + shown->reason() + "\n");
    }
    loop.settle();
    EXPECT_EQ(launcher.children.size(), 1u) << "only the sound one is started";
    restart();
    EXPECT_EQ(log_text(found("0")), "sparkgate: " + found("0")->reason() + "\n") << "said once";
    const auto stored = store.load().value();
    for (const auto& each : damaged) {
        const auto& record = stored.sessions.at(static_cast<std::size_t>(each.id));
        EXPECT_EQ(std::tie(record.state, record.request, record.details),
                  std::tie(each.state, each.request, each.details));
        EXPECT_EQ(stored.statements.at(static_cast<std::size_t>(each.id)).state, "waiting");
    }
    remove(found("0"));
    EXPECT_EQ(store.load()->sessions.size(), 8u);
}

TEST_F(session_recovery, a_request_of_any_size_is_read_again) {
    settings.impersonation = true;
    auto wanted = named("large");
    wanted.kind = code_kind::spark;
    wanted.spark.proxy_user = "ada";
    for (int i = 0; i < 5000; ++i)
        wanted.spark.conf["spark.x" + std::to_string(i)] = std::to_string(i);
    create(wanted);
    restart();
    const auto self = found("large");
    EXPECT_EQ(self->proxy_user(), "ada");
    EXPECT_EQ(self->request().kind, code_kind::spark);
    EXPECT_EQ(self->request().spark.conf, wanted.spark.conf);
}

TEST_F(session_recovery, a_statement_of_unknown_words_is_never_run) {
    keep_session(0, "idle");
    keep_statement(0, "waiting", "cobol");
    manager();
    restart();
    EXPECT_EQ(statement(0)->state, statement_state::cancelled);
}

TEST_F(session_recovery, ids_and_names_go_on) {
    create(named("etl"));
    restart();
    EXPECT_FALSE(try_create(named("etl")));
    EXPECT_EQ(create()->id(), 1);
}

TEST_F(session_recovery, a_removal_that_was_cut_off_is_finished) {
    const auto idle = start_idle();
    child_of(idle.self).stubborn = true;
    auto work = idle.self->stop({});
    bool stopped = false;
    loop.start(std::move(work), stopped);
    loop.settle();
    restart();
    EXPECT_EQ(child_of(idle.self).terminated, 2) << "its end goes on";
    process::exit_status how;
    how.signal = 9;
    how.ended_by_us = true;
    child_of(idle.self).exit(how);
    wait_state(found(), session_state::dead);
    loop.run_until([&] { return stopped; });
}

}  // namespace
}  // namespace sparkgate::test
