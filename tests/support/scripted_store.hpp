// The memory store, failing or holding back its answers on command.
#pragma once

#include "sparkgate/session/change_signal.hpp"
#include "sparkgate/store/store.hpp"

namespace sparkgate::test {

class scripted_store : public store::store {
public:
    explicit scripted_store(asio::any_io_executor executor)
        : inner_(sparkgate::store::make_memory_store(std::move(executor))) {}

    int commits = 0;  // calls so far
    int enqueued = 0;
    int failing_commit = 0;   // the commit of this number (from 1) fails; 0: none
    bool keeps_next = false;  // the next erasure of a session or batch fails

    // While held, commits take effect but do not resolve.
    void hold() { held_ = true; }
    void release() {
        held_ = false;
        released_.notify();
    }

    result<sparkgate::store::contents> load() override { return inner_->load(); }

    awaitable<result<void>> commit(std::vector<sparkgate::store::change> changes) override {
        bool fails = ++commits == failing_commit;
        if (keeps_next && !changes.empty() && is_erasure(changes.front())) {
            keeps_next = false;
            fails = true;
        }
        result<void> outcome = fail(errc::unavailable, "the disk is full");
        if (!fails) outcome = co_await inner_->commit(std::move(changes));
        while (held_)
            co_await released_.wait_until(std::chrono::steady_clock::time_point::max());
        co_return outcome;
    }

    void enqueue(std::vector<sparkgate::store::change> changes) override {
        ++enqueued;
        inner_->enqueue(std::move(changes));
    }

    awaitable<result<std::string>> read_output(std::int64_t session, std::int64_t statement) override {
        return inner_->read_output(session, statement);
    }

    awaitable<result<std::string>> read_code(std::int64_t session, std::int64_t statement) override {
        return inner_->read_code(session, statement);
    }

    void close() override { inner_->close(); }

private:
    static bool is_erasure(const sparkgate::store::change& what) {
        return std::holds_alternative<sparkgate::store::erase_session>(what) ||
               std::holds_alternative<sparkgate::store::erase_batch>(what);
    }

    std::unique_ptr<sparkgate::store::store> inner_;
    bool held_ = false;
    session::change_signal released_;
};

}  // namespace sparkgate::test
