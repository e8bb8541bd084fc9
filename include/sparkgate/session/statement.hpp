// One statement and a session's queue of them. No I/O.
#pragma once

#include "sparkgate/base/shared_text.hpp"
#include "sparkgate/base/time.hpp"
#include "sparkgate/session/request.hpp"
#include "sparkgate/session/state.hpp"
#include "sparkgate/store/store.hpp"

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sparkgate::session {

struct statement {
    std::int64_t id = 0;
    code_kind kind = code_kind::pyspark;
    shared_text code;
    statement_state state = statement_state::waiting;
    epoch_ms started = 0, completed = 0;
    double progress = 0;
    shared_text output;  // JSON text in Livy's shape
    // Only the store holds them: see kept_texts.hpp.
    bool code_in_store = false, output_in_store = false;
    bool durable = false;  // its record is on disk: it may be run
    // By the driver, to this gateway process.
    bool told_started = false, told_unstoppable = false;
    // When a client was last told that it is not finished: for the layer that shows it.
    mutable std::chrono::steady_clock::time_point told = std::chrono::steady_clock::now();

    // Applies the event; false when it means nothing in this state. Sets the times and progress that go with
    // it.
    bool apply(statement_event what, epoch_ms when);
};

// The changes that record it at first, and later: ready for a commit. (Functions, since g++ 12 destroys a
// braced temporary of a co_await expression twice.)
std::vector<store::change> creation_change(std::int64_t session, const statement& from);
std::vector<store::change> put_change(std::int64_t session, const statement& from);

class statement_queue {
public:
    using pointer = std::shared_ptr<statement>;

    pointer add(code_kind kind, std::string code);
    // One that an earlier gateway process has recorded; in order of id, before any other call.
    void restore(const store::statement_record& from);
    pointer find(std::int64_t id) const;
    // Takes back a statement that could not be made durable.
    void remove(std::int64_t id);
    // The next one to run, if none runs; nothing while the oldest waiting one is not durable yet.
    pointer next_to_send() const;
    // The one that the driver has, if any.
    pointer in_driver() const;
    bool has_unfinished() const { return unfinished().count > 0; }
    // Those that have not ended, and the bytes of their code.
    struct amount {
        std::size_t count = 0, bytes = 0;
    };
    amount unfinished() const;
    // Drops the oldest finished ones beyond `retained` and returns the lowest id kept (0: nothing was
    // dropped).
    std::int64_t retain(std::size_t retained);
    const std::deque<pointer>& all() const { return statements_; }

private:
    std::deque<pointer> statements_;  // by id
    std::int64_t next_id_ = 0;
};

}  // namespace sparkgate::session
