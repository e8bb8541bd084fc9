// All sessions: names, ids, limits, removal, and what a failing store leaves behind.
#include "support/session_fixture.hpp"

#include <fstream>

namespace sparkgate::test {
namespace {

class manager_test : public session_fixture {
protected:
    std::string refusal(session::session_request wanted) {
        const auto created = try_create(std::move(wanted));
        return created ? "" : created.error().message;
    }
    std::vector<std::int64_t> ids() {
        std::vector<std::int64_t> out;
        for (const auto& each : manager().all())
            out.push_back(each->id());
        return out;
    }
    std::size_t directories() {
        std::error_code ec;
        const std::filesystem::directory_iterator begin(directory.path() / "sessions", ec);
        return ec ? 0 : static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator()));
    }
    void start_removal(const session_pointer& which, std::optional<result<void>>& outcome) {
        auto work = manager().remove(which);
        loop.start(std::move(work), outcome);
    }
};

using id_list = std::vector<std::int64_t>;

TEST_F(manager_test, a_created_session_is_recorded_and_listed) {
    const auto self = create(named("etl"));
    EXPECT_EQ(ids(), id_list{0});
    const auto kept = store.load().value();
    ASSERT_EQ(kept.sessions.size(), 1u);
    EXPECT_EQ(kept.sessions[0].state, "starting");
    EXPECT_EQ(kept.next_session_id, 1);
}

TEST_F(manager_test, is_found_by_number_and_by_name) {
    const auto self = create(named("etl"));
    EXPECT_EQ(manager().find("0").value(), self);
    EXPECT_EQ(manager().find("etl").value(), self);
    for (const auto* text : {"1", "ETL", "-1", "", "0x0", " 0", "2147483647"}) {
        const auto found = manager().find(text);
        ASSERT_FALSE(found) << text;
        EXPECT_EQ(found.error().code, errc::not_found) << text;
        EXPECT_EQ(found.error().message, "Session '" + std::string(text) + "' not found.");
    }
    for (const auto* text : {"2147483648", "99999999999"}) {
        const auto found = manager().find(text);
        ASSERT_FALSE(found) << text;
        EXPECT_EQ(found.error().code, errc::invalid_argument);
        EXPECT_EQ(found.error().message, "For input string: \"" + std::string(text) + "\"");
    }
}

TEST_F(manager_test, names_of_digits_and_empty_names_are_refused_and_leave_nothing) {
    for (const auto* name : {"", "1", "00123"})
        EXPECT_EQ(refusal(named(name)), "Invalid session name: " + std::string(name));
    EXPECT_TRUE(ids().empty());
    EXPECT_TRUE(launcher.children.empty());
    EXPECT_TRUE(store.load()->sessions.empty());
    EXPECT_EQ(store.commits, 0);
}

TEST_F(manager_test, names_are_unique_among_live_sessions_only) {
    const auto first = create(named("etl"));
    EXPECT_EQ(refusal(named("etl")), "Duplicate session name: Some(etl) for session 1");
    EXPECT_EQ(refusal(named("Etl")), "");
    child_of(first).exit_with(1);
    wait_state(first, session_state::dead);
    const auto second = create(named("etl"));
    EXPECT_EQ(manager().find("etl").value(), second) << "the newest of that name";
    remove(second);
    EXPECT_EQ(manager().find("etl").value(), first);
}

TEST_F(manager_test, a_name_is_taken_while_its_session_is_being_recorded) {
    store.hold();
    std::optional<result<session::creation<session::session>>> first;
    auto creation = manager().create(named("etl"), std::nullopt);
    loop.start(std::move(creation), first);
    loop.settle();
    EXPECT_EQ(refusal(named("etl")), "Duplicate session name: Some(etl) for session 1");
    EXPECT_TRUE(launcher.children.empty()) << "nothing runs before its record is durable";
    store.release();
    loop.run_until([&] { return first.has_value(); });
    EXPECT_EQ(launcher.children.size(), 1u);
}

TEST_F(manager_test, ids_begin_where_the_store_says_and_are_never_reused) {
    next_id = 41;
    const auto first = create();
    EXPECT_EQ(first->id(), 41);
    remove(first);
    EXPECT_EQ(create()->id(), 42);
    store.failing_commit = store.commits + 1;
    EXPECT_EQ(refusal(request()), "the disk is full");
    EXPECT_EQ(create()->id(), 44) << "a creation that failed leaves a gap";
    EXPECT_EQ(store.load()->next_session_id, 45);
}

TEST_F(manager_test, more_than_may_start_at_a_time_wait_and_more_than_may_wait_are_refused) {
    settings.max_creation = 2;
    settings.max_queued = 1;
    const auto first = create(), second = create(), third = create();
    EXPECT_EQ(launcher.children.size(), 2u) << "the third waits for its turn";
    EXPECT_EQ(third->state(), session_state::starting);
    const auto fourth = try_create();
    ASSERT_FALSE(fourth);
    EXPECT_EQ(fourth.error().code, errc::busy);
    EXPECT_EQ(fourth.error().message, "Rejected, too many sessions are being created!");
    const auto driver = dial(first);
    driver->send(ready());
    wait_state(first, session_state::idle);
    EXPECT_EQ(launcher.children.size(), 3u) << "one has started: there is room";
    EXPECT_EQ(child_of(third).spec.dir, third->directory());
    child_of(second).exit_with(1);
    wait_state(second, session_state::dead);
    EXPECT_EQ(refusal(request()), "");
}

TEST_F(manager_test, one_that_is_removed_while_it_waits_is_never_started) {
    settings.max_creation = 1;
    const auto first = create(), second = create(), third = create();
    remove(second);
    EXPECT_EQ(ids(), (id_list{0, 2}));
    remove(first);
    loop.run_until([&] { return launcher.children.size() == 2; });
    EXPECT_EQ(child_of(third).spec.dir, third->directory());
    EXPECT_EQ(directories(), 1u);
}

TEST_F(manager_test, a_removed_session_leaves_no_process_file_or_record) {
    const auto idle = start_idle();
    submit(idle.self, "1+1");
    remove(idle.self);
    EXPECT_TRUE(child_of(idle.self).gone);
    EXPECT_EQ(child_of(idle.self).terminated, 1);
    EXPECT_TRUE(ids().empty());
    EXPECT_EQ(directories(), 0u);
    const auto kept = store.load().value();
    EXPECT_TRUE(kept.sessions.empty());
    EXPECT_TRUE(kept.statements.empty());
    EXPECT_EQ(kept.next_session_id, 1);
    EXPECT_FALSE(manager().find("0"));
}

TEST_F(manager_test, a_starting_session_can_be_removed) {
    const auto self = create();
    remove(self);
    EXPECT_EQ(child_of(self).terminated, 1);
    EXPECT_EQ(directories(), 0u);
}

TEST_F(manager_test, a_session_can_be_removed_while_it_is_being_recorded) {
    store.hold();
    std::optional<result<session::creation<session::session>>> created;
    auto creation = manager().create(request(), std::nullopt);
    loop.start(std::move(creation), created);
    loop.settle();
    std::optional<result<void>> removed;
    start_removal(manager().find("0").value(), removed);
    loop.settle();
    EXPECT_FALSE(removed) << "the creation is not decided yet";
    store.release();
    loop.run_until([&] { return created && removed; });
    EXPECT_TRUE(*removed);
    EXPECT_TRUE(launcher.children.empty()) << "it was not started any more";
    EXPECT_TRUE(ids().empty());
    EXPECT_TRUE(store.load()->sessions.empty());
}

TEST_F(manager_test, two_removals_at_once_resolve_together_and_one_succeeds) {
    const auto idle = start_idle();
    child_of(idle.self).stubborn = true;
    std::optional<result<void>> first, second;
    start_removal(idle.self, first);
    start_removal(idle.self, second);
    loop.settle();
    EXPECT_FALSE(first);
    EXPECT_FALSE(second);
    child_of(idle.self).exit_with(0);
    loop.run_until([&] { return first && second; });
    EXPECT_TRUE(*first);
    ASSERT_FALSE(*second);
    EXPECT_EQ(second->error().code, errc::not_found);
    EXPECT_EQ(second->error().message, "Session 0 already stopped.");
}

TEST_F(manager_test, stopping_all_ends_every_session_with_the_reason_and_keeps_the_records) {
    const auto idle = start_idle();
    const auto starting = create();
    const auto dead = create();
    child_of(dead).exit_with(5);
    wait_state(dead, session_state::dead);
    auto stop = manager().stop_all("the server stops");
    loop.await(std::move(stop));
    for (const auto& each : {idle.self, starting}) {
        EXPECT_EQ(each->state(), session_state::dead);
        EXPECT_EQ(each->reason(), "the server stops");
        EXPECT_EQ(child_of(each).terminated, 1);
    }
    EXPECT_NE(dead->reason(), "the server stops");
    EXPECT_EQ(store.load()->sessions.size(), 3u);
    EXPECT_EQ(ids(), (id_list{0, 1, 2}));
}

TEST_F(manager_test, all_is_in_order_of_id) {
    for (int i = 0; i < 12; ++i)
        create();
    id_list expected(12);
    for (std::size_t i = 0; i < 12; ++i)
        expected[i] = static_cast<std::int64_t>(i);
    EXPECT_EQ(ids(), expected);
}

// The store fails at its n-th commit, for every n that a short life needs.

TEST_F(manager_test, a_creation_that_cannot_be_recorded_is_refused_and_leaves_nothing) {
    store.failing_commit = 1;
    const auto created = try_create(named("etl"));
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().code, errc::unavailable);
    EXPECT_TRUE(ids().empty());
    EXPECT_TRUE(launcher.children.empty());
    EXPECT_EQ(directories(), 0u);
    EXPECT_TRUE(store.load()->sessions.empty());
    EXPECT_EQ(refusal(named("etl")), "") << "the name is free again";
}

TEST_F(manager_test, who_removes_a_session_whose_creation_fails_is_not_kept_waiting) {
    store.failing_commit = 1;
    store.hold();
    std::optional<result<session::creation<session::session>>> created;
    auto creation = manager().create(request(), std::nullopt);
    loop.start(std::move(creation), created);
    loop.settle();
    std::optional<result<void>> removed;
    start_removal(manager().find("0").value(), removed);
    loop.settle();
    store.release();
    loop.run_until([&] { return created && removed; });
    EXPECT_FALSE(*created);
    EXPECT_TRUE(ids().empty());
    EXPECT_TRUE(store.load()->sessions.empty());
}

TEST_F(manager_test, a_statement_that_cannot_be_recorded_is_refused_and_never_runs) {
    const auto idle = start_idle();
    store.failing_commit = store.commits + 1;
    const auto refused = try_submit(idle.self, "1+1");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::unavailable);
    loop.settle();
    EXPECT_FALSE(idle.driver->has("exec"));
    EXPECT_TRUE(idle.self->statements().all().empty());
    EXPECT_TRUE(store.load()->statements.empty());
    EXPECT_EQ(idle.self->state(), session_state::idle);
    submit(idle.self, "2+2");
    EXPECT_EQ(idle.driver->expect("exec").payload, "2+2");
}

TEST_F(manager_test, a_refused_statement_leaves_no_record_although_it_was_cancelled_meanwhile) {
    const auto idle = start_idle();
    store.failing_commit = store.commits + 1;
    store.hold();
    std::optional<result<statement_pointer>> submitted;
    auto work = idle.self->submit(code_kind::pyspark, "1+1");
    loop.start(std::move(work), submitted);
    loop.settle();
    cancel(idle.self, 0);
    store.release();
    loop.run_until([&] { return submitted.has_value(); });
    EXPECT_FALSE(*submitted);
    EXPECT_TRUE(store.load()->statements.empty());
}

TEST_F(manager_test, a_result_that_cannot_be_recorded_is_shown_and_recorded_later) {
    const auto idle = start_idle();
    const auto first = submit(idle.self, "1+1");
    idle.driver->expect("exec");
    store.failing_commit = store.commits + 1;
    idle.driver->send(result_of(2, 0), text_output("2"));
    wait_state(first, statement_state::available);
    EXPECT_EQ(output(idle.self, first), text_output("2"));
    idle.driver->send(json{{"op", "log"}, {"seq", 3}, {"text", "later"}});
    idle.driver->expect_ack(3);
    EXPECT_EQ(store.load()->statements.at(0).state, "available")
        << "nothing is acknowledged before it is stored";
}

TEST_F(manager_test, a_removal_that_cannot_be_recorded_is_recorded_later) {
    const auto idle = start_idle();
    store.keeps_next = true;
    remove(idle.self);
    EXPECT_TRUE(ids().empty());
    EXPECT_EQ(idle.self->state(), session_state::dead);
    EXPECT_TRUE(child_of(idle.self).gone);
    EXPECT_EQ(store.load()->sessions.size(), 1u);
    loop.run_until([&] { return store.load()->sessions.empty(); }, "the second attempt");
    loop.run_until([&] { return !std::filesystem::exists(idle.self->directory()); }, "its directory");
}

TEST_F(manager_test, a_removal_that_cannot_be_noted_does_nothing) {
    const auto idle = start_idle();
    const auto sessions = idle.self->directory().parent_path();
    const auto away = sessions.string() + ".away";
    std::filesystem::rename(sessions, away);
    std::ofstream(sessions) << "a file";
    std::optional<result<void>> removed;
    start_removal(idle.self, removed);
    loop.run_until([&] { return removed.has_value(); });
    ASSERT_FALSE(*removed);
    EXPECT_EQ(removed->error().code, errc::unavailable);
    EXPECT_EQ(ids(), id_list{0});
    EXPECT_EQ(idle.self->state(), session_state::idle);
    std::filesystem::remove(sessions);
    std::filesystem::rename(away, sessions);
    remove(idle.self);
    EXPECT_TRUE(ids().empty());
}

TEST_F(manager_test, a_waiting_statement_whose_cancel_cannot_be_recorded_runs) {
    const auto idle = start_idle();
    submit(idle.self, "first");
    const auto second = submit(idle.self, "second");
    store.failing_commit = store.commits + 1;
    auto work = idle.self->cancel(1);
    const auto refused = loop.await(std::move(work));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::unavailable);
    EXPECT_EQ(second->state, statement_state::waiting);
    idle.driver->send(result_of(2, 0), text_output("1"));
    idle.driver->expect("exec");
    EXPECT_EQ(idle.driver->expect("exec").payload, "second");
}

TEST_F(manager_test, a_running_statement_is_cancelled_although_that_cannot_be_recorded) {
    const auto idle = start_idle();
    submit(idle.self, "runs");
    idle.driver->expect("exec");
    store.failing_commit = store.commits + 1;
    cancel(idle.self, 0);
    EXPECT_EQ(idle.driver->expect("cancel").integer("id"), 0);
    loop.run_until([&] { return store.load()->statements.at(0).state == "cancelling"; },
                   "the second attempt");
}

}  // namespace
}  // namespace sparkgate::test
