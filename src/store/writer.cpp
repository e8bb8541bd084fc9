#include "store/writer.hpp"

#include "sparkgate/base/crash_point.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <pthread.h>

namespace sparkgate::store {
namespace {

result<void> refused() {
    return fail(errc::unavailable, "the store failed: a test wants it so");
}

}  // namespace

writer::writer(database& db, std::size_t limit) : db_(db), limit_(limit), thread_([this] { loop(); }) {
    pthread_setname_np(thread_.native_handle(), "store-writer");
}

void writer::submit(std::unique_ptr<call> call, std::size_t bytes) {
    calls_ += 1;
    const char* refusal = nullptr;
    {
        std::lock_guard lock(mutex_);
        if (closing_)
            refusal = "the store is closed";
        else if (held_bytes_ > 0 && held_bytes_ + bytes > limit_)
            refusal = "the store does not keep up with the changes: is the disk slow (store.waiting-size)?";
        else {
            held_bytes_ += bytes;
            queue_.emplace_back(std::move(call));
        }
    }
    if (refusal == nullptr) {
        changed_.notify_one();
        return;
    }
    failed_ += 1;
    call->finish(fail(errc::unavailable, refusal));
}

void writer::close() {
    {
        std::lock_guard lock(mutex_);
        closing_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
}

statistics writer::stats() const {
    return {.calls = calls_, .failed_calls = failed_, .transactions = transactions_};
}

void writer::loop() {
    std::vector<waiting> group;
    std::size_t group_bytes = 0;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            held_bytes_ -= group_bytes;
            changed_.wait(lock, [this] { return closing_ || !queue_.empty(); });
            if (queue_.empty()) return;
            group.swap(queue_);
            group_bytes = held_bytes_;
        }
        run_group(group);
        group.clear();  // here, not at the next wake: a call may hold many megabytes
    }
}

void writer::run_group(std::span<waiting> group) {
    // When SQLite drops a whole transaction for one call's sake (disk full, a failed COMMIT), each call gets
    // one of its own: those that can succeed do.
    if (!run_transaction(group) && group.size() > 1)
        for (auto& one : group)
            run_transaction(std::span(&one, 1));
    std::string reported;
    for (auto& one : group) {
        if (!one.outcome) {
            failed_ += 1;
            auto why = one.outcome.error();
            const bool news = why.message != reported && !one.what->told_by_caller();
            if (why.code == errc::unavailable && news) {
                spdlog::error("{}", why.message);
                reported = std::move(why.message);
            }
        }
        one.what->finish(std::move(one.outcome));
    }
}

// False when the transaction was lost; the outcomes are then those of a group that did nothing.
bool writer::run_transaction(std::span<waiting> group) {
    const auto all_failed = [&](const error& why) {
        for (auto& one : group)
            one.outcome = why;
    };
    auto all = transaction::begin(db_);
    if (!all) {
        all_failed(all.error());
        return true;  // nothing was tried: another attempt would only wait as long again
    }
    for (auto& one : group) {
        one.outcome = run_part(*one.what);
        if (!db_.in_transaction()) {
            all_failed(one.outcome ? fail(errc::unavailable, "the store lost a transaction")
                                   : one.outcome.error());
            return false;
        }
    }
    crash_point("store.before-commit");
    auto committed = failure_point("store.commit") ? refused() : all->commit();
    if (!committed) {
        all_failed(committed.error());
        return false;
    }
    crash_point("store.committed");
    transactions_ += 1;
    return true;
}

result<void> writer::run_part(call& one) {
    try {
        auto part = savepoint::begin(db_);
        if (!part) return part.error();
        if (failure_point("store.call")) return refused();
        if (auto done = one.run(); !done) return done;
        return part->release();
    } catch (const std::exception& e) {  // out of memory: this call fails, the thread lives
        return fail(errc::unavailable, std::string("the store failed: ") + e.what());
    }
}

}  // namespace sparkgate::store
