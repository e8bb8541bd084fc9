// The one thread that uses the database. Calls wait in a queue; the thread takes all that wait and runs them,
// in their order, in one transaction (group commit): under load many calls share one fsync, and a lone call
// does not wait for company. Each call has a savepoint of its own, so that one that fails does not take the
// others along.
#pragma once

#include "store/sqlite.hpp"

#include "sparkgate/base/error.hpp"
#include "sparkgate/store/store.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace sparkgate::store {

// What one caller wants done.
class call {
public:
    virtual ~call() = default;

    // On the writer's thread, inside a transaction. Runs again, in another one, when the first was lost.
    virtual result<void> run() = 0;

    // Once, after the transaction: on the writer's thread, or on the caller's when the call is refused.
    virtual void finish(result<void> outcome) = 0;

    // Whether the caller tells of a failure itself, so that the log does not.
    virtual bool told_by_caller() const { return false; }
};

// A call from two functions: `run` gives a result<void>, `finish` takes one.
template <class Run, class Finish>
std::unique_ptr<call> make_call(Run run, Finish finish, bool told_by_caller = false) {
    struct function_call final : call {
        function_call(Run r, Finish f, bool told) : run_(std::move(r)), finish_(std::move(f)), told_(told) {}
        result<void> run() override { return run_(); }
        void finish(result<void> outcome) override { finish_(std::move(outcome)); }
        bool told_by_caller() const override { return told_; }
        Run run_;
        Finish finish_;
        const bool told_;
    };
    return std::make_unique<function_call>(std::move(run), std::move(finish), told_by_caller);
}

class writer {
public:
    // `db` outlives the writer; from here on only the writer's calls use it. `limit`: bytes of calls that may
    // wait when the disk does not keep up; the next call is refused.
    explicit writer(database& db, std::size_t limit = default_waiting_bytes);
    ~writer() { close(); }
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;

    // From any thread. `bytes`: the memory that the call holds. A call is refused (unavailable) after close()
    // and when too much waits already; a lone call is taken whatever its size.
    void submit(std::unique_ptr<call> call, std::size_t bytes);

    // Runs what waits, ends the thread (blocking).
    void close();

    statistics stats() const;

private:
    struct waiting {
        explicit waiting(std::unique_ptr<call> c) : what(std::move(c)) {}
        std::unique_ptr<call> what;
        result<void> outcome;
    };

    void loop();
    void run_group(std::span<waiting> group);
    bool run_transaction(std::span<waiting> group);
    result<void> run_part(call& one);

    database& db_;
    const std::size_t limit_;
    mutable std::mutex mutex_;  // guards the next four
    std::condition_variable changed_;
    std::vector<waiting> queue_;
    std::size_t held_bytes_ = 0;  // of calls that wait or run
    bool closing_ = false;
    std::atomic<std::uint64_t> calls_ = 0, failed_ = 0, transactions_ = 0;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace sparkgate::store
