// A session's life: start, failures to start, death, stop. The driver dials the real endpoint; the child is
// scripted.
#include "support/session_fixture.hpp"

#include <gmock/gmock.h>

namespace sparkgate::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class session_life : public session_fixture {};

TEST_F(session_life, starts_and_becomes_idle_when_the_driver_is_ready) {
    const auto self = create();
    EXPECT_EQ(self->state(), session_state::starting);
    EXPECT_EQ(self->app_id(), "");
    const auto driver = dial(self);
    driver->send(json{{"op", "phase"}, {"seq", 1}, {"name", "python"}, {"t", now_ms()}});
    driver->send(json{{"op", "phase"}, {"seq", 2}, {"name", "context"}, {"t", now_ms()}});
    loop.settle();
    EXPECT_EQ(self->state(), session_state::starting);
    driver->send(ready(3));
    wait_state(self, session_state::idle);
    EXPECT_EQ(self->app_id(), "local-17");
    EXPECT_EQ(self->ui_url(), "http://127.0.0.1:4040");
    EXPECT_EQ(self->reason(), "");
    EXPECT_FALSE(self->gone());
    const auto log = log_text(self);
    for (const auto* phase :
         {"queued", "spawned /opt/spark/bin/spark-submit", "JVM up", "driver connected", "context",
          "context ready \\(Spark 4.1, Scala 2.13, Java 17, Python 3.11, local-17\\)"})
        EXPECT_THAT(log, ContainsRegex(std::string("sparkgate: start [+]-?[0-9]+[.][0-9]{3} s: ") + phase));
}

TEST_F(session_life, the_child_is_what_was_asked_for) {
    const auto self = create(named("etl"));
    const auto& spec = child_of(self).spec;
    EXPECT_EQ(self->directory(), directory.path() / "sessions" / "0");
    EXPECT_EQ(spec.working_directory, self->directory() / "work");
    EXPECT_EQ(spec.grace, settings.kill_grace);
    EXPECT_EQ(spec.argv.front(), "/opt/spark/bin/spark-submit");
    EXPECT_EQ(spec.argv.back(), (self->directory() / "driver.json").string());
    EXPECT_THAT(spec.env, ::testing::IsSupersetOf({"HOME=/home/ada", "SPARKGATE_SESSION_ID=0"}));
    EXPECT_THAT(spec.env, ::testing::Not(::testing::Contains(HasSubstr("PYSPARK_DRIVER_PYTHON_OPTS"))));
}

TEST_F(session_life, the_driver_file_is_private_and_holds_what_the_protocol_says) {
    const auto self = create(request(code_kind::sql));
    const auto file = driver_file(self);
    EXPECT_EQ(file["session"], 0);
    EXPECT_THAT(file["token"].get<std::string>(), ContainsRegex("^[0-9a-f]{64}$"));
    EXPECT_EQ(file["dir"], (self->directory() / "driver").string());
    EXPECT_EQ(file["options"]["kind"], "sql");
    EXPECT_EQ(file["options"]["cancel_timeout"], 30.0);
    EXPECT_EQ(file["options"]["stop_agent"], nullptr);
    EXPECT_EQ(std::filesystem::status(self->directory() / "driver.json").permissions(),
              std::filesystem::perms(0600));
    EXPECT_EQ(std::filesystem::status(self->directory()).permissions(), std::filesystem::perms(0700));
    EXPECT_NE(driver_file(create())["token"], file["token"]);
    // Promise: secrets are never in ps.
    for (const auto& word : child_of(self).spec.argv)
        EXPECT_EQ(word.find(file["token"].get<std::string>()), word.npos);
    for (const auto& word : child_of(self).spec.env)
        EXPECT_EQ(word.find(file["token"].get<std::string>()), word.npos);
}

TEST_F(session_life, a_launcher_that_fails_leaves_a_dead_session_with_the_reason) {
    launcher.refusal = fail(errc::unavailable, "cannot run sparkgate-shim: Permission denied");
    const auto self = create();
    EXPECT_EQ(self->state(), session_state::dead);
    EXPECT_EQ(self->reason(), "cannot run sparkgate-shim: Permission denied");
    EXPECT_TRUE(self->gone());
    EXPECT_THAT(log_text(self),
                HasSubstr("could not be started: cannot run sparkgate-shim: Permission denied"));
    EXPECT_EQ(store.load()->sessions.at(0).state, "dead");
    remove(self);
    EXPECT_TRUE(manager().all().empty());
}

TEST_F(session_life, a_spark_submit_that_cannot_run_is_a_dead_session_with_the_reason) {
    const auto self = create();
    process::exit_status how;
    how.problem = "cannot run /opt/spark/bin/spark-submit: No such file or directory";
    child_of(self).exit(how);
    wait_state(self, session_state::dead);
    EXPECT_THAT(self->reason(), HasSubstr(how.problem));
    EXPECT_THAT(log_text(self), HasSubstr("sparkgate: spark-submit has ended: " + how.problem));
}

TEST_F(session_life, a_driver_whose_clock_is_beyond_all_bounds_reaches_its_phases) {
    const auto self = create();
    const auto driver = dial(self);
    driver->send(json{{"op", "phase"}, {"seq", 1}, {"name", "pyspark"}, {"t", INT64_MIN}});
    driver->expect("ack");
    EXPECT_THAT(log_text(self), ContainsRegex("start [+]0[.][0-9]{3} s: pyspark"));
}

TEST_F(session_life, an_exit_while_starting_names_the_last_phase) {
    const auto self = create();
    const auto driver = dial(self);
    driver->send(json{{"op", "phase"}, {"seq", 1}, {"name", "pyspark"}, {"t", now_ms()}});
    driver->expect("ack");
    child_of(self).exit_with(3);
    wait_state(self, session_state::dead);
    EXPECT_EQ(self->reason(), "exit code 3 while starting (last phase: pyspark)");
    driver->wait_closed();
}

TEST_F(session_life, a_start_that_takes_too_long_ends_the_session) {
    settings.connect_timeout = std::chrono::milliseconds(20);
    const auto self = create();
    child_of(self).stubborn = true;
    wait_state(self, session_state::shutting_down);
    EXPECT_THAT(self->reason(), ContainsRegex("did not start within 0 s \\(last phase: spawned "));
    EXPECT_EQ(child_of(self).terminated, 1);
    child_of(self).exit_with(1);
    wait_state(self, session_state::dead);
    EXPECT_THAT(self->reason(), HasSubstr("did not start within")) << "the exit code is a consequence";
}

TEST_F(session_life, a_sessions_own_time_for_its_start_counts) {
    auto wanted = request();
    wanted.spark.conf = {{"livy.rsc.server.connect.timeout", "20ms"}};
    const auto self = create(wanted);
    wait_state(self, session_state::dead);
    EXPECT_THAT(self->reason(), HasSubstr("did not start within"));
}

TEST_F(session_life, a_driver_that_cannot_start_says_why) {
    const auto self = create();
    const auto driver = dial(self);
    child_of(self).stubborn = true;
    driver->send(json{{"op", "failed"},
                      {"seq", 1},
                      {"phase", "context"},
                      {"message", "no memory"},
                      {"detail", "Trace\nback"}});
    wait_state(self, session_state::shutting_down);
    EXPECT_EQ(self->reason(), "no memory");
    EXPECT_EQ(child_of(self).terminated, 1);
    child_of(self).exit_with(1);
    wait_state(self, session_state::dead);
    EXPECT_EQ(self->reason(), "no memory");
    EXPECT_THAT(log_text(self),
                HasSubstr("could not start (context): no memory\ndriver: Trace\ndriver: back\n"));
}

// The SparkSession is made after `ready`.
TEST_F(session_life, a_driver_that_fails_after_ready_says_why) {
    const auto idle = start_idle();
    child_of(idle.self).stubborn = true;
    idle.driver->send(json{{"op", "failed"}, {"seq", 2}, {"phase", "context"}, {"message", "no catalogue"}});
    wait_state(idle.self, session_state::shutting_down);
    EXPECT_EQ(idle.self->reason(), "no catalogue");
    child_of(idle.self).exit_with(1);
    wait_state(idle.self, session_state::dead);
    EXPECT_EQ(idle.self->reason(), "no catalogue");
}

TEST_F(session_life, an_exit_while_idle_is_the_sessions_death) {
    const auto idle = start_idle();
    child_of(idle.self).exit_with(137);
    wait_state(idle.self, session_state::dead);
    EXPECT_EQ(idle.self->reason(), "exit code 137");
    EXPECT_EQ(store.load()->sessions.at(0).state, "dead");
    idle.driver->wait_closed();
}

TEST_F(session_life, is_gone_only_when_its_last_process_is) {
    const auto idle = start_idle();
    auto& child = child_of(idle.self);
    process::exit_status how;
    how.signal = 9;
    child.exit(how, true);
    wait_state(idle.self, session_state::dead);
    loop.settle();
    EXPECT_FALSE(idle.self->gone());
    child.leave();
    loop.run_until([&] { return idle.self->gone(); });
}

TEST_F(session_life, a_lost_connection_is_not_a_death) {
    const auto idle = start_idle();
    idle.driver->close();
    loop.settle();
    EXPECT_EQ(idle.self->state(), session_state::idle);
    const auto again = dial(idle.self);
    EXPECT_EQ(idle.self->state(), session_state::idle);
    EXPECT_THAT(log_text(idle.self), HasSubstr("the driver has connected again"));
}

TEST_F(session_life, a_stopped_session_passes_through_shutting_down_and_has_no_reason) {
    const auto idle = start_idle();
    auto& child = child_of(idle.self);
    child.stubborn = true;
    bool stopped = false;
    auto stop = idle.self->stop({});
    loop.start(std::move(stop), stopped);
    wait_state(idle.self, session_state::shutting_down);
    loop.settle();
    EXPECT_FALSE(stopped);
    EXPECT_EQ(child.terminated, 1);
    process::exit_status how;
    how.signal = 15;
    how.ended_by_us = true;
    child.exit(how);
    loop.run_until([&] { return stopped; });
    EXPECT_EQ(idle.self->state(), session_state::dead);
    EXPECT_EQ(idle.self->reason(), "");
}

TEST_F(session_life, a_driver_that_is_ready_too_late_changes_nothing) {
    const auto self = create();
    const auto driver = dial(self);
    child_of(self).stubborn = true;
    bool stopped = false;
    auto stop = self->stop("it is night");
    loop.start(std::move(stop), stopped);
    wait_state(self, session_state::shutting_down);
    driver->send(ready());
    loop.settle();
    EXPECT_EQ(self->state(), session_state::shutting_down);
    EXPECT_EQ(self->reason(), "it is night");
    child_of(self).exit_with(0);
    loop.run_until([&] { return stopped; });  // which refers to this stack
}

TEST_F(session_life, the_drivers_log_lines_are_in_the_log) {
    const auto idle = start_idle();
    idle.driver->send(json{{"op", "log"}, {"seq", 2}, {"text", "scala is ready"}});
    idle.driver->expect_ack(2);
    EXPECT_THAT(log_text(idle.self), HasSubstr("driver: scala is ready\n"));
}

TEST_F(session_life, frames_of_an_unknown_kind_are_acknowledged_and_ignored) {
    const auto idle = start_idle();
    idle.driver->send(json{{"op", "novelty"}, {"seq", 2}});
    idle.driver->expect_ack(2);
    EXPECT_EQ(idle.self->state(), session_state::idle);
}

TEST_F(session_life, its_record_says_who_it_is) {
    auto wanted = named("etl");
    wanted.spark.driver_cores = 2;
    const auto self = create(wanted);
    const auto change = self->creation();
    const auto& record = std::get<store::put_session>(change).record;
    EXPECT_EQ(record.id, 0);
    EXPECT_EQ(record.state, "starting");
    const auto request = parse_json(record.request.value()).value();
    EXPECT_EQ(request["kind"], "pyspark");
    EXPECT_EQ(request["name"], "etl");
    EXPECT_EQ(request["driverCores"], 2);
    EXPECT_EQ(request["queue"], nullptr);
    EXPECT_EQ(parse_json(record.details).value()["reason"], "");
}

}  // namespace
}  // namespace sparkgate::test
