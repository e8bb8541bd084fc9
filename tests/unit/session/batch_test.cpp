// Batches: their lives, records, retention; and a repeated creation.
#include "support/batch_fixture.hpp"

#include "sparkgate/process/java_properties.hpp"

#include <fstream>

namespace sparkgate::test {
namespace {

class batch_test : public batch_fixture {
protected:
    // Its processes end while no gateway looks.
    void vanish(const batch_pointer& which) {
        child_of(which).gone = true;
        std::ofstream(which->directory() / "shim.json") << "{}";
    }
};

TEST_F(batch_test, runs_what_was_asked_and_succeeds) {
    auto wanted = request("/jobs/pi.py");
    wanted.args = {"a b", "\"ü\"", ""};
    wanted.spark.class_name = "org.Pi";
    wanted.spark.conf = {{"spark.x", "1"}};
    const auto self = create(wanted);
    EXPECT_EQ(self->state(), session_state::running);
    const auto& spec = child_of(self).spec;
    const auto properties = (self->directory() / "spark.properties").string();
    EXPECT_EQ(spec.argv,
              (std::vector<std::string>{"/opt/spark/bin/spark-submit", "--properties-file", properties,
                                        "--class", "org.Pi", "file:///jobs/pi.py", "a b", "\"ü\"", ""}));
    const auto conf = process::parse_properties(read_file(properties).value());
    EXPECT_EQ(conf.at("spark.x"), "1");
    EXPECT_EQ(conf.at("spark.master"), "local[2]");
    child_of(self).exit_with(0);
    wait_state(self, session_state::success);
    EXPECT_EQ(self->reason(), "");
    EXPECT_EQ(log_text(self).find("has ended"), std::string::npos)
        << "the log ends with the program's own lines";
}

TEST_F(batch_test, one_that_fails_is_dead_and_says_why) {
    const auto self = create();
    child_of(self).exit_with(3);
    wait_state(self, session_state::dead);
    EXPECT_EQ(self->reason(), "exit code 3");
    EXPECT_NE(log_text(self).find("sparkgate: spark-submit has ended: exit code 3\n"), std::string::npos);
    const auto killed = create();
    process::exit_status how;
    how.signal = 9;
    child_of(killed).exit(how);
    wait_state(killed, session_state::dead);
    EXPECT_NE(killed->reason().find("signal 9"), std::string::npos);
}

TEST_F(batch_test, what_it_printed_last_is_seen_before_its_end_is_told) {
    settings.spark_master = "yarn";
    const auto self = create();
    std::ofstream(self->directory() / "output.log", std::ios::app)
        << std::string(300'000, '\n') << "INFO Client: Submitted application application_17_0001\n";
    child_of(self).exit_with(0);
    wait_state(self, session_state::success);
    EXPECT_EQ(self->app_id(), "application_17_0001");
    loop.run_until(
        [&] { return store.load()->batches.at(0).details.find("application_17_0001") != std::string::npos; },
        "its record");
}

TEST_F(batch_test, one_that_ended_while_no_server_ran_has_what_it_printed_last) {
    settings.spark_master = "yarn";
    const auto self = create();
    vanish(self);
    std::ofstream(self->directory() / "output.log", std::ios::app)
        << "INFO Client: Submitted application application_17_0002\n";
    std::ofstream(self->directory() / "exit.json") << R"({"code":0,"ended_by_us":false})";
    restart();
    EXPECT_EQ(find("0")->state(), session_state::success);
    EXPECT_EQ(find("0")->app_id(), "application_17_0002");
}

TEST_F(batch_test, a_record_that_cannot_be_read_is_dead_and_stays_as_it_is) {
    const std::vector<store::batch_record> damaged{
        {0, "", "starting", "{", "{}"},
        {1, "", "starting", R"({"args":["a"]})", "{}"},
        {2, "", "running", R"({"file":"/jobs/pi.py","proxyUser":7})", "{}"},
        {3, "", "success", "{}", R"({"owner":)"},
        {4, "", "asleep", R"({"file":"/jobs/pi.py"})", "{}"},
    };
    for (const auto& each : damaged) {
        std::vector<store::change> changes;
        changes.emplace_back(store::put_batch{each});
        auto work = store.commit(std::move(changes));
        loop.await(std::move(work)).value();
    }
    settings.batch_retain_count = 0;
    manager().expire();
    loop.settle();
    ASSERT_EQ(manager().programs().size(), 5u) << "they do not count among those that are kept";
    for (const auto& each : damaged) {
        const auto shown = find(std::to_string(each.id));
        EXPECT_EQ(shown->state(), session_state::dead) << each.id;
        EXPECT_TRUE(shown->reason().starts_with("its record cannot be read: ")) << shown->reason();
    }
    EXPECT_TRUE(launcher.children.empty());
    const auto stored = store.load().value();
    for (const auto& each : damaged)
        EXPECT_EQ(stored.batches.at(static_cast<std::size_t>(each.id)).details, each.details);
}

TEST_F(batch_test, one_that_cannot_be_started_is_dead_and_says_why) {
    launcher.refusal = fail(errc::unavailable, "no more processes");
    const auto self = create();
    EXPECT_EQ(self->state(), session_state::dead);
    EXPECT_EQ(self->reason(), "no more processes");
    EXPECT_NE(log_text(self).find("no more processes"), std::string::npos);
    EXPECT_TRUE(self->gone());
}

TEST_F(batch_test, is_running_until_its_removal_has_ended_it) {
    const auto self = create();
    child_of(self).stubborn = true;
    std::optional<result<void>> removed;
    auto work = manager().remove(self);
    loop.start(std::move(work), removed);
    loop.settle();
    EXPECT_EQ(child_of(self).terminated, 1);
    EXPECT_EQ(self->state(), session_state::running);
    process::exit_status how;
    how.signal = 9;
    how.ended_by_us = true;
    child_of(self).exit(how);
    loop.run_until([&] { return removed.has_value(); });
    EXPECT_EQ(self->state(), session_state::killed);
    EXPECT_TRUE(manager().programs().empty());
    EXPECT_TRUE(store.load()->batches.empty());
    EXPECT_FALSE(std::filesystem::exists(self->directory()));
}

TEST_F(batch_test, is_recorded_with_its_request_and_its_end) {
    auto wanted = request("/jobs/pi.py");
    wanted.spark.name = "pi";
    const auto self = create(wanted);
    EXPECT_EQ(store.load()->batches.at(0).state, "running");
    EXPECT_EQ(store.load()->next_batch_id, 1);
    child_of(self).exit_with(0);
    wait_state(self, session_state::success);
    const auto kept = store.load()->batches.at(0);
    EXPECT_EQ(kept.state, "success");
    EXPECT_EQ(parse_json(kept.details).value()["name"], "pi");
}

TEST_F(batch_test, the_next_gateway_process_goes_on_with_all) {
    auto wanted = request("/jobs/pi.py");
    wanted.spark.name = "pi";
    const auto ended = create(wanted), running = create(), told = create(), vanished = create();
    child_of(ended).exit_with(0);
    wait_state(ended, session_state::success);
    vanish(told);
    std::ofstream(told->directory() / "exit.json") << R"({"code":0,"ended_by_us":false})";
    vanish(vanished);
    restart();
    EXPECT_EQ(find("0")->state(), session_state::success);
    EXPECT_EQ(find("pi")->id(), 0);
    EXPECT_EQ(find("0")->created(), ended->created());
    EXPECT_EQ(find("1")->state(), session_state::running);
    EXPECT_EQ(launcher.reattached, 1);
    EXPECT_EQ(find("2")->state(), session_state::success) << "it had ended while no gateway looked";
    EXPECT_EQ(find("3")->state(), session_state::dead);
    EXPECT_NE(find("3")->reason().find("vanished"), std::string::npos);
    loop.settle();
    EXPECT_EQ(store.load()->batches.at(3).state, "dead");
    EXPECT_EQ(launcher.children.size(), 4u) << "nothing runs twice";
    EXPECT_EQ(create()->id(), 4);
    child_of(running).exit_with(3);
    wait_state(find("1"), session_state::dead);
    EXPECT_EQ(find("1")->reason(), "exit code 3");
}

TEST_F(batch_test, what_waited_for_its_turn_starts_under_the_next_gateway_process) {
    launches.emplace(1, 10);
    create();
    auto wanted = request("/jobs/other.py");
    wanted.args = {"x"};
    const auto waiting = create(wanted);
    EXPECT_EQ(launcher.children.size(), 1u);
    launches->close();
    launches.reset();
    restart();
    ASSERT_EQ(launcher.children.size(), 2u);
    EXPECT_EQ(launcher.children[1]->spec.dir, waiting->directory());
    EXPECT_EQ(launcher.children[1]->spec.argv.back(), "x");
    EXPECT_EQ(find("1")->state(), session_state::running);
}

TEST_F(batch_test, one_whose_server_died_in_the_moment_of_the_start_runs) {
    const auto self = create();
    auto record = store.load()->batches.at(0);
    record.state = "starting";
    store.enqueue({store::put_batch{record}});
    restart();
    EXPECT_EQ(find("0")->state(), session_state::running);
    EXPECT_EQ(launcher.children.size(), 1u);
    loop.settle();
    EXPECT_EQ(store.load()->batches.at(0).state, "running");
}

TEST_F(batch_test, one_that_an_earlier_server_was_ending_is_killed) {
    const auto self = create();
    restart();
    process::exit_status how;
    how.signal = 15;
    how.ended_by_us = true;
    child_of(self).exit(how);
    wait_state(find("0"), session_state::killed);
}

TEST_F(batch_test, ended_ones_go_when_their_time_is_over) {
    settings.batch_retain_time = std::chrono::hours(1);
    const auto self = create();
    const auto running = create();
    child_of(self).exit_with(0);
    wait_state(self, session_state::success);
    now += std::chrono::minutes(59);
    manager().expire();
    loop.settle();
    EXPECT_EQ(manager().programs().size(), 2u);
    now += std::chrono::minutes(1);
    manager().expire();
    loop.run_until([&] { return manager().programs().size() == 1; });
    EXPECT_EQ(manager().find_program("0").error().reason, "ended 1h ago");
    EXPECT_EQ(manager().programs().front(), running);
}

TEST_F(batch_test, the_time_goes_on_while_no_gateway_runs) {
    settings.batch_retain_time = std::chrono::hours(1);
    const auto self = create();
    child_of(self).exit_with(0);
    wait_state(self, session_state::success);
    restart();
    now += std::chrono::minutes(61);
    manager().expire();
    loop.run_until([&] { return manager().programs().empty(); });
}

TEST_F(batch_test, only_so_many_ended_ones_are_kept_the_oldest_go) {
    settings.batch_retain_count = 2;
    std::vector<batch_pointer> all;
    for (int i = 0; i < 5; ++i)
        all.push_back(create());
    for (const int ended : {0, 1, 3, 4}) {
        child_of(all[ended]).exit_with(0);
        wait_state(all[ended], session_state::success);
    }
    manager().expire();
    loop.run_until([&] { return manager().programs().size() == 3; });
    EXPECT_EQ(manager().programs().front(), all[2]) << "a running one stays";
    EXPECT_EQ(manager().find_program("1").error().reason, "2 newer ones have ended");
}

TEST_F(batch_test, bad_requests_leave_nothing) {
    settings.local_dir_whitelist = {"/jobs"};
    for (const auto* file : {"pi.py", "/etc/passwd", "http://a b/c"})
        EXPECT_FALSE(try_create(request(file))) << file;
    auto named = request("/jobs/pi.py");
    named.spark.name = "7";
    EXPECT_FALSE(try_create(named));
    EXPECT_TRUE(manager().programs().empty());
    EXPECT_TRUE(launcher.children.empty());
    EXPECT_EQ(store.commits, 0);
    EXPECT_EQ(create(request("/jobs/pi.py"))->id(), 0) << "a refusal takes no id";
}

// Idempotency-Key

TEST_F(batch_test, the_same_request_with_the_same_key_finds_the_first) {
    const auto first = create_with_key("k").value();
    EXPECT_FALSE(first.replayed);
    const auto again = create_with_key("k").value();
    EXPECT_TRUE(again.replayed);
    EXPECT_EQ(again.what, first.what);
    EXPECT_FALSE(create_with_key("other").value().replayed);
    EXPECT_EQ(launcher.children.size(), 2u);
    restart();
    const auto later = create_with_key("k").value();
    EXPECT_TRUE(later.replayed);
    EXPECT_EQ(later.what->id(), 0);
}

TEST_F(batch_test, another_request_with_the_same_key_is_refused) {
    (void)create_with_key("k");
    const auto other = create_with_key("k", request("/jobs/other.py"));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, errc::mismatch);
    EXPECT_NE(other.error().message.find("\"k\""), std::string::npos);
}

TEST_F(batch_test, a_key_is_free_again_with_its_batch) {
    const auto first = create_with_key("k").value().what;
    auto work = manager().remove(first);
    ASSERT_TRUE(loop.await(std::move(work)));
    EXPECT_EQ(create_with_key("k", request("/jobs/other.py")).value().what->id(), 1);
}

TEST_F(batch_test, a_repetition_waits_for_a_first_that_is_being_recorded) {
    store.hold();
    std::optional<creation_result> first, second;
    start_creation("k", first);
    start_creation("k", second);
    loop.settle();
    EXPECT_FALSE(first || second);
    store.release();
    loop.run_until([&] { return first && second; });
    EXPECT_FALSE((*first)->replayed);
    EXPECT_TRUE((*second)->replayed);
    EXPECT_EQ((*first)->what, (*second)->what);
    EXPECT_EQ(launcher.children.size(), 1u);
}

TEST_F(batch_test, a_repetition_takes_the_place_of_a_first_that_could_not_be_recorded) {
    store.failing_commit = 1;
    store.hold();
    std::optional<creation_result> first, second;
    start_creation("k", first);
    start_creation("k", second);
    loop.settle();
    store.release();
    loop.run_until([&] { return first && second; });
    EXPECT_FALSE(*first);
    ASSERT_TRUE(*second);
    EXPECT_FALSE((*second)->replayed);
    EXPECT_EQ(manager().programs().size(), 1u);
}

TEST_F(batch_test, what_is_refused_does_not_use_up_its_key) {
    EXPECT_FALSE(create_with_key("k", request("relative.py")));
    EXPECT_FALSE(create_with_key("k").value().replayed);
}

}  // namespace
}  // namespace sparkgate::test
