// A launcher whose children are scripted by the test: no process is started. A child ends when the test says
// so, or when it is asked to (unless it is stubborn).
#pragma once

#include "sparkgate/process/launcher.hpp"
#include "sparkgate/session/change_signal.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sparkgate::test {

// What test and child share; it outlives both.
struct child_script {
    process::child_spec spec;
    int terminated = 0;     // how often it was asked to end
    bool stubborn = false;  // asked to end, it does nothing
    std::optional<process::exit_status> status;
    bool gone = false;

    // The program ends; its tree goes with it unless `leaves_processes`.
    void exit(process::exit_status how, bool leaves_processes = false) {
        status = std::move(how);
        gone = !leaves_processes;
        changed.notify();
    }
    void exit_with(int code) {
        process::exit_status how;
        how.code = code;
        exit(std::move(how));
    }
    void leave() {
        gone = true;
        changed.notify();
    }

    session::change_signal changed;
};

class fake_child : public process::child {
public:
    explicit fake_child(std::shared_ptr<child_script> script) : script_(std::move(script)) {}

    const process::identity& shim() const override { return shim_; }

    awaitable<process::exit_status> wait_exit() override {
        const auto script = script_;
        while (!script->status)
            co_await script->changed.wait_until(for_ever);
        co_return *script->status;
    }

    awaitable<void> wait_gone() override {
        const auto script = script_;
        while (!script->gone)
            co_await script->changed.wait_until(for_ever);
    }

    void terminate() override {
        ++script_->terminated;
        if (script_->stubborn || script_->status) return;
        process::exit_status how;
        how.signal = 15;
        how.ended_by_us = true;
        script_->exit(std::move(how));
    }

private:
    static constexpr auto for_ever = std::chrono::steady_clock::time_point::max();

    std::shared_ptr<child_script> script_;
    process::identity shim_{4711, 1, "boot"};
};

class fake_launcher : public process::launcher {
public:
    // The children started so far, in order.
    std::vector<std::shared_ptr<child_script>> children;
    // Set: launch() fails with it.
    std::optional<error> refusal;

    result<std::unique_ptr<process::child>> launch(const process::child_spec& spec) override {
        if (refusal) return *refusal;
        auto script = std::make_shared<child_script>();
        script->spec = spec;
        children.push_back(script);
        return std::unique_ptr<process::child>(std::make_unique<fake_child>(std::move(script)));
    }

    // The child that was started there, unless its processes are gone.
    result<std::unique_ptr<process::child>> reattach(const std::filesystem::path& dir) override {
        for (const auto& child : children)
            if (child->spec.dir == dir && !child->gone) {
                ++reattached;
                return std::unique_ptr<process::child>(std::make_unique<fake_child>(child));
            }
        return fail(errc::not_found, "no child runs there");
    }
    int reattached = 0;
};

}  // namespace sparkgate::test
