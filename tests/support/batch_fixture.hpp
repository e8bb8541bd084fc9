// Batches over a scripted launcher and store, with real files and a real event loop.
#pragma once

#include "support/event_loop.hpp"
#include "support/fake_launcher.hpp"
#include "support/scripted_store.hpp"
#include "support/temp_dir.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/config/load.hpp"
#include "sparkgate/session/batch_manager.hpp"

#include <gtest/gtest.h>

namespace sparkgate::test {

using session::session_state;
using batch_pointer = std::shared_ptr<session::batch>;
using creation_result = result<session::creation<session::batch>>;

class batch_fixture : public ::testing::Test {
protected:
    // Every batch has ended when a test is over.
    void TearDown() override {
        store.release();
        end_children();
        auto stop = manager().stop_all("the test is over");
        loop.await(std::move(stop));
    }

    // The manager is made on first use: tests change `settings` before.
    session::batch_manager& manager() {
        if (!manager_) make_manager();
        return *manager_;
    }

    // Another gateway process with the same store and files. The children of this one vanish untold.
    void restart() {
        earlier_.push_back(std::move(manager_));
        make_manager();
    }

    static session::batch_request request(const std::string& file = "/jobs/pi.py") {
        session::batch_request out;
        out.file = file;
        return out;
    }

    creation_result create_with_key(std::optional<std::string> key,
                                    session::batch_request wanted = request()) {
        auto work = manager().create(std::move(wanted), std::nullopt, std::move(key));
        return loop.await(std::move(work));
    }
    void start_creation(const std::string& key, std::optional<creation_result>& outcome) {
        auto work = manager().create(request(), std::nullopt, key);
        loop.start(std::move(work), outcome);
    }
    result<batch_pointer> try_create(session::batch_request wanted = request()) {
        auto created = create_with_key({}, std::move(wanted));
        if (!created) return created.error();
        return created->what;
    }
    batch_pointer create(session::batch_request wanted = request()) {
        return try_create(std::move(wanted)).value();
    }

    session::program_pointer find(const std::string& id_or_name) {
        return manager().find_program(id_or_name).value();
    }

    child_script& child_of(const session::program_pointer& owner) {
        for (const auto& child : launcher.children)
            if (child->spec.dir == owner->directory()) return *child;
        throw std::runtime_error("the batch has no child");
    }

    void wait_state(const session::program_pointer& which, session_state wanted) {
        loop.run_until([&] { return which->state() == wanted; }, "state " + std::string(to_string(wanted)));
    }

    static std::string log_text(const session::program_pointer& which) {
        std::string out;
        for (const auto& line : which->log().last_lines(1000).lines)
            out += line + "\n";
        return out;
    }

    event_loop loop;
    temp_dir directory;
    config::settings settings =
        config::load(std::nullopt, {"state.dir=" + directory.path().string(), "spark.master=local[2]",
                                    "file.local-dir-whitelist=/"})
            .value()
            .values;
    fake_launcher launcher;
    scripted_store store{loop.executor()};
    std::unique_ptr<driver::endpoint> endpoint =
        driver::make_endpoint(loop.executor(), directory.path()).value();
    worker_pool workers{1};
    process::log_reader logs{workers};
    std::optional<session::launch_queue> launches;
    session::time_point now{std::chrono::hours(1000)};

private:
    void end_children() {
        for (const auto& child : launcher.children) {
            child->stubborn = false;
            if (!child->status) child->exit_with(0);
            child->leave();
        }
    }

    void make_manager() {
        if (!launches) launches.emplace(100, static_cast<std::size_t>(settings.max_queued));
        session::services world{loop.executor(), settings, launcher, *endpoint, store, workers,
                                *launches,       logs,     {},       {},        {},    {}};
        world.submit.spark_home = "/opt/spark";
        world.submit.rules.master = settings.spark_master;
        world.submit.rules.files.local_directories = settings.local_dir_whitelist;
        world.submit.conf_dir = directory.path() / "spark-conf";
        world.clock = [this] { return now; };
        const auto known = store.load().value();
        manager_ = std::make_unique<session::batch_manager>(std::move(world), known.next_batch_id);
        manager_->restore(known.batches);
        manager_->resume();
    }

    std::vector<std::unique_ptr<session::batch_manager>> earlier_;
    std::unique_ptr<session::batch_manager> manager_;
};

}  // namespace sparkgate::test
