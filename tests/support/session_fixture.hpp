// Sessions over real parts where they are cheap (endpoint, files, event loop) and scripted ones where a test
// must decide: the child (fake_launcher), the driver (scripted_driver), the store (scripted_store).
#pragma once

#include "support/event_loop.hpp"
#include "support/fake_launcher.hpp"
#include "support/scripted_driver.hpp"
#include "support/scripted_store.hpp"
#include "support/temp_dir.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/config/load.hpp"
#include "sparkgate/session/session_manager.hpp"

#include <gtest/gtest.h>

namespace sparkgate::test {

using session::code_kind;
using session::session_state;
using session::statement_state;
using session_pointer = std::shared_ptr<session::session>;
using statement_pointer = std::shared_ptr<const session::statement>;

inline std::string text_output(const std::string& text) {
    return R"({"status":"ok","execution_count":0,"data":{"text/plain":")" + text + "\"}}";
}

class session_fixture : public ::testing::Test {
protected:
    // Every session has ended when a test is over.
    void TearDown() override {
        store.release();
        for (const auto& child : launcher.children) {
            child->stubborn = false;
            if (!child->status) child->exit_with(0);
            child->leave();
        }
        auto stop = manager().stop_all("the test is over");
        loop.await(std::move(stop));
    }

    // The manager is made on first use: tests change `settings` before.
    session::session_manager& manager() {
        if (!manager_) manager_ = std::make_unique<session::session_manager>(make_services(), next_id);
        return *manager_;
    }

    // Another gateway process with the same store and files; children and drivers live on.
    void restart() {
        earlier_.push_back(std::move(manager_));
        endpoint.reset();
        endpoint = driver::make_endpoint(loop.executor(), directory.path()).value();
        const auto known = store.load().value();
        manager_ = std::make_unique<session::session_manager>(make_services(), known.next_session_id);
        manager_->restore(known);
        manager_->resume();
    }

    static session::session_request request(code_kind kind = code_kind::pyspark) {
        session::session_request out;
        out.kind = kind;
        return out;
    }
    static session::session_request named(const std::string& name) {
        auto out = request();
        out.spark.name = name;
        return out;
    }

    result<session_pointer> try_create(session::session_request wanted = request()) {
        auto work = manager().create(std::move(wanted), std::nullopt);
        auto created = loop.await(std::move(work));
        if (!created) return created.error();
        return created->what;
    }
    session_pointer create(session::session_request wanted = request()) { return try_create(wanted).value(); }

    child_script& child_of(const session_pointer& owner) {
        for (const auto& child : launcher.children)
            if (child->spec.dir == owner->directory()) return *child;
        throw std::runtime_error("the session has no child");
    }

    // What the driver was told to start with.
    json driver_file(const session_pointer& owner) {
        return parse_json(read_file(owner->directory() / "driver.json").value()).value();
    }

    // Dials as the session's driver would and proves itself.
    std::unique_ptr<scripted_driver> dial(const session_pointer& owner, std::int64_t last_exec = -1) {
        const json file = driver_file(owner);
        auto out = std::make_unique<scripted_driver>(loop, file["connect"]["unix"].get<std::string>());
        out->hello(owner->id(), file["token"].get<std::string>(), last_exec);
        out->expect("welcome");
        return out;
    }

    static json ready(std::int64_t seq = 1) {
        return {
            {"op", "ready"},  {"seq", seq},      {"app_id", "local-17"}, {"ui_url", "http://127.0.0.1:4040"},
            {"spark", "4.1"}, {"scala", "2.13"}, {"java", "17"},         {"python", "3.11"},
            {"t", now_ms()}};
    }
    static json result_of(std::int64_t seq, std::int64_t id, const char* state = "available") {
        return {{"op", "result"}, {"seq", seq}, {"id", id}, {"state", state}, {"t", now_ms()}};
    }

    void wait_state(const session_pointer& which, session_state wanted) {
        loop.run_until([&] { return which->state() == wanted; },
                       "state " + std::string(to_string(wanted)) + " (it is " +
                           std::string(to_string(which->state())) + ")");
    }
    void wait_state(const statement_pointer& which, statement_state wanted) {
        loop.run_until([&] { return which->state == wanted; },
                       "statement state " + std::string(to_string(wanted)));
    }

    // A session that has reached idle, and its driver.
    struct idle_session {
        session_pointer self;
        std::unique_ptr<scripted_driver> driver;
    };
    idle_session start_idle(session::session_request wanted = request()) {
        idle_session out{create(std::move(wanted)), nullptr};
        out.driver = dial(out.self);
        out.driver->send(ready());
        wait_state(out.self, session_state::idle);
        return out;
    }

    result<statement_pointer> try_submit(const session_pointer& to, const std::string& code,
                                         code_kind kind = code_kind::pyspark) {
        auto work = to->submit(kind, code);
        return loop.await(std::move(work));
    }
    statement_pointer submit(const session_pointer& to, const std::string& code) {
        return try_submit(to, code).value();
    }

    std::string output(const session_pointer& owner, const statement_pointer& which) {
        auto work = owner->output_of(which);
        return *loop.await(std::move(work)).value();
    }

    void cancel(const session_pointer& owner, std::int64_t statement) {
        auto work = owner->cancel(statement);
        loop.await(std::move(work)).value();
    }

    void remove(const session_pointer& which) {
        auto work = manager().remove(which);
        loop.await(std::move(work)).value();
    }

    static std::string log_text(const session_pointer& which) {
        std::string out;
        for (const auto& line : which->log().last_lines(1000).lines)
            out += line + "\n";
        return out;
    }

    event_loop loop;
    temp_dir directory;
    config::settings settings = config::load(std::nullopt, {"state.dir=" + directory.path().string(),
                                                            "statement.poll-hold=0", "spark.master=local[2]"})
                                    .value()
                                    .values;
    fake_launcher launcher;
    scripted_store store{loop.executor()};
    std::unique_ptr<driver::endpoint> endpoint =
        driver::make_endpoint(loop.executor(), directory.path()).value();
    worker_pool workers{1};
    process::log_reader logs{workers};
    std::optional<session::launch_queue> launches;
    std::int64_t next_id = 0;
    session::time_point now{std::chrono::hours(1000)};
    std::function<session::time_point()> clock = [this] { return now; };  // that sessions expire by

private:
    session::services make_services() {
        if (!launches)
            launches.emplace(
                static_cast<std::size_t>(settings.max_creation > 0 ? settings.max_creation : 100),
                static_cast<std::size_t>(settings.max_queued));
        session::services out{loop.executor(), settings, launcher, *endpoint, store, workers,
                              *launches,       logs,     {},       {},        {},    {}};
        out.submit.spark_home = "/opt/spark";
        out.submit.rules.master = settings.spark_master;
        out.submit.rules.files.local_directories = settings.local_dir_whitelist;
        out.submit.conf_dir = directory.path() / "spark-conf";
        out.environment = {{"HOME", "/home/ada"}, {"PYSPARK_DRIVER_PYTHON_OPTS", "notebook"}};
        out.repl_dir = "/opt/sparkgate/repl";
        out.clock = clock;
        return out;
    }

    std::vector<std::unique_ptr<session::session_manager>> earlier_;
    std::unique_ptr<session::session_manager> manager_;
};

}  // namespace sparkgate::test
