// What the gateway must not forget: sessions, statements with their outputs, batches, and the next free ids.
//
// Writes are durable when the awaitable resolves. One writer thread owns the database and puts all writes
// that wait at a moment into one transaction (group commit); writes take effect in the order in which they
// were handed over; reads have a thread and a connection of their own, so that they go on whatever happens to
// the writes. A write is handed over when its awaitable is awaited, not when it is made; once handed
// over it cannot be cancelled. Callers are on the event loop's thread; awaitables resume there. The store is
// closed or destroyed before the executor's context is. What the store cannot do is logged and counted here.
#pragma once

#include "sparkgate/base/async.hpp"
#include "sparkgate/base/error.hpp"
#include "sparkgate/base/shared_text.hpp"
#include "sparkgate/base/time.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sparkgate::store {

struct session_record {
    std::int64_t id = 0;
    std::string node;   // the gateway that owns it (several may share a store one day)
    std::string state;  // wire word
    // The creation request as JSON, as the client sent it. Absent in an update (it stays).
    std::optional<std::string> request;
    std::string details;  // JSON: everything else that the session layer keeps (owner, app id, times, child)
};

struct batch_record {
    std::int64_t id = 0;
    std::string node;   // as above
    std::string state;  // wire word
    // The creation request as JSON, as the client sent it. Absent in an update (it stays), and in load() if
    // the batch has ended.
    std::optional<std::string> request;
    std::string details;  // JSON: everything else that the session layer keeps
};

struct statement_record {
    std::int64_t session = 0;
    std::int64_t id = 0;
    std::string kind;  // wire word
    // Absent in an update (it stays, and so does the kind), and in load() if it is long and the statement has
    // ended.
    shared_text code;
    std::string state;  // wire word
    epoch_ms started = 0, completed = 0;
    double progress = 0;
    shared_text output;       // JSON text
    bool has_output = false;  // only in load(), which leaves outputs out
};

// Bytes of the code of an ended statement that load() still gives.
inline constexpr std::size_t longest_loaded_code = 4096;

// One change. Inserts (with the request) or updates.
struct put_session {
    session_record record;
};
// Inserts (with the request) or updates.
struct put_batch {
    batch_record record;
};
struct erase_batch {
    std::int64_t id;
};
// And its statements.
struct erase_session {
    std::int64_t id;
};
// Inserts or replaces (with the code; the session exists) or updates.
struct put_statement {
    statement_record record;
};
// Retention: the oldest statements of a session.
struct erase_statements {
    std::int64_t session, below_id;
};
// "session", "batch"; never goes back.
struct put_next_id {
    std::string counter;
    std::int64_t next;
};
using change = std::variant<put_session, erase_session, put_batch, erase_batch, put_statement,
                            erase_statements, put_next_id>;

struct contents {
    std::vector<session_record> sessions;                 // by id
    std::vector<batch_record> batches;                    // by id; with requests where they have not ended
    std::vector<statement_record> statements;             // by session, id; without outputs
    std::int64_t next_session_id = 0, next_batch_id = 0;  // never below an id that is in use
};

// Since the start, for the metrics.
struct statistics {
    std::uint64_t calls = 0;         // load, commits and enqueued changes
    std::uint64_t failed_calls = 0;  // of these
    std::uint64_t transactions = 0;  // committed; fewer than calls when calls shared one
};

class store {
public:
    virtual ~store() = default;

    // Everything, once at start (blocking).
    virtual result<contents> load() = 0;

    // Durable when it resolves. All changes of one call are in one transaction: on an error none of them is
    // stored. An empty call resolves at once. Errors: unavailable; not_found for a statement of a session
    // that is not in the store.
    virtual awaitable<result<void>> commit(std::vector<change> changes) = 0;

    // The same without waiting. For changes that nobody was promised.
    virtual void enqueue(std::vector<change> changes) = 0;

    // Both see the writes that have resolved. Errors: not_found, unavailable.
    virtual awaitable<result<std::string>> read_output(std::int64_t session, std::int64_t statement) = 0;
    virtual awaitable<result<std::string>> read_code(std::int64_t session, std::int64_t statement) = 0;

    // Commits what waits, stops the writer (blocking); destruction does it too. Later calls are unavailable.
    virtual void close() = 0;

    // From any thread.
    virtual statistics stats() const { return {}; }
};

// Opens or creates the SQLite database (WAL, synchronous=FULL, mode 0600). Errors: unavailable with one line
// that says what to do (unwritable, corrupt, written by a newer version). When changes of more than
// `waiting_bytes` wait for the disk, the next ones are unavailable.
inline constexpr std::size_t default_waiting_bytes = 256u << 20;
result<std::unique_ptr<store>> open_sqlite_store(boost::asio::any_io_executor executor,
                                                 const std::filesystem::path& file,
                                                 std::size_t waiting_bytes = default_waiting_bytes);

// For tests.
std::unique_ptr<store> make_memory_store(boost::asio::any_io_executor executor);

}  // namespace sparkgate::store
