// The contract of store.hpp without a disk. A call works on a copy, which is its rollback: fine for tests.
#include "sparkgate/store/store.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace sparkgate::store {

namespace {

struct memory {
    std::map<std::int64_t, session_record> sessions;
    std::map<std::int64_t, batch_record> batches;
    std::map<std::pair<std::int64_t, std::int64_t>, statement_record> statements;  // by session, id
    std::map<std::string, std::int64_t> next_ids;

    // An update of what is not there changes nothing.
    template <class Record>
    static void put(std::map<std::int64_t, Record>& all, Record& r) {
        const auto known = all.find(r.id);
        if (!r.request && known == all.end()) return;
        if (!r.request) r.request = known->second.request;
        all[r.id] = std::move(r);
    }

    result<void> apply(put_session& c) {
        put(sessions, c.record);
        return {};
    }

    result<void> apply(const erase_session& c) {
        sessions.erase(c.id);
        std::erase_if(statements, [&](const auto& s) { return s.first.first == c.id; });
        return {};
    }

    result<void> apply(put_batch& c) {
        put(batches, c.record);
        return {};
    }

    result<void> apply(const erase_batch& c) {
        batches.erase(c.id);
        return {};
    }

    result<void> apply(put_statement& c) {
        auto& r = c.record;
        const std::pair key(r.session, r.id);
        const auto known = statements.find(key);
        if (!r.code && known == statements.end()) return {};
        if (!sessions.contains(r.session)) return fail(errc::not_found, "the session does not exist");
        if (!r.code) {
            r.code = known->second.code;
            r.kind = known->second.kind;
        }
        statements[key] = std::move(r);
        return {};
    }

    result<void> apply(const erase_statements& c) {
        std::erase_if(statements, [&](const auto& s) {
            return s.first.first == c.session && s.first.second < c.below_id;
        });
        return {};
    }

    result<void> apply(const put_next_id& c) {
        auto& next = next_ids[c.counter];
        next = std::max(next, c.next);
        return {};
    }
};

class memory_store final : public store {
public:
    explicit memory_store(asio::any_io_executor executor) : executor_(std::move(executor)) {}

    result<contents> load() override { return counted(read_contents()); }

    // Takes effect at once, resolves later, as with a disk.
    awaitable<result<void>> commit(std::vector<change> changes) override {
        if (changes.empty()) co_return result<void>();
        auto outcome = counted(apply(std::move(changes)));
        co_await asio::post(executor_, asio::use_awaitable);
        co_return outcome;
    }

    void enqueue(std::vector<change> changes) override {
        if (!changes.empty()) (void)counted(apply(std::move(changes)));
    }

    awaitable<result<std::string>> read_output(std::int64_t session, std::int64_t statement) override {
        auto output = find_text(session, statement, &statement_record::output);
        co_await asio::post(executor_, asio::use_awaitable);
        co_return output;
    }

    awaitable<result<std::string>> read_code(std::int64_t session, std::int64_t statement) override {
        auto code = find_text(session, statement, &statement_record::code);
        co_await asio::post(executor_, asio::use_awaitable);
        co_return code;
    }

    void close() override { closed_ = true; }

    statistics stats() const override { return stats_; }

private:
    template <class T>
    result<T> counted(result<T> outcome) {
        stats_.calls += 1;
        (outcome ? stats_.transactions : stats_.failed_calls) += 1;
        return outcome;
    }

    result<void> apply(std::vector<change> changes) {
        if (closed_) return fail(errc::unavailable, "the store is closed");
        memory after = now_;
        for (auto& c : changes) {
            auto applied = std::visit([&](auto& kind) { return after.apply(kind); }, c);
            if (!applied) return applied;
        }
        now_ = std::move(after);
        return {};
    }

    result<contents> read_contents() const {
        if (closed_) return fail(errc::unavailable, "the store is closed");
        contents all;
        for (const auto& [id, session] : now_.sessions)
            all.sessions.push_back(session);
        for (const auto& [id, batch] : now_.batches) {
            all.batches.push_back(batch);
            if (batch.state == "success" || batch.state == "dead" || batch.state == "killed")
                all.batches.back().request.reset();
        }
        for (const auto& [key, statement] : now_.statements) {
            all.statements.push_back(statement);
            all.statements.back().has_output = statement.output.has_value();
            all.statements.back().output.reset();
            const auto& state = statement.state;
            const bool ended = state != "waiting" && state != "running" && state != "cancelling";
            if (ended && statement.code.size() > longest_loaded_code) all.statements.back().code.reset();
        }
        const auto after_last = now_.sessions.empty() ? 0 : now_.sessions.rbegin()->first + 1;
        all.next_session_id = std::max(next_id("session"), after_last);
        const auto after_last_batch = now_.batches.empty() ? 0 : now_.batches.rbegin()->first + 1;
        all.next_batch_id = std::max(next_id("batch"), after_last_batch);
        return all;
    }

    result<std::string> find_text(std::int64_t session, std::int64_t statement,
                                  shared_text statement_record::*which) const {
        if (closed_) return fail(errc::unavailable, "the store is closed");
        const auto found = now_.statements.find({session, statement});
        if (found == now_.statements.end() || !(found->second.*which))
            return fail(errc::not_found, "statement " + std::to_string(statement) + " of session " +
                                             std::to_string(session) + " has no such text");
        return *(found->second.*which);
    }

    std::int64_t next_id(const std::string& counter) const {
        const auto found = now_.next_ids.find(counter);
        return found == now_.next_ids.end() ? 0 : found->second;
    }

    asio::any_io_executor executor_;
    memory now_;
    statistics stats_;
    bool closed_ = false;
};

}  // namespace

std::unique_ptr<store> make_memory_store(asio::any_io_executor executor) {
    return std::make_unique<memory_store>(std::move(executor));
}

}  // namespace sparkgate::store
