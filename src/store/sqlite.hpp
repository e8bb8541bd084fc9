// SQLite as values with owners: a connection, a prepared statement, a transaction, a savepoint.
// Errors are results: every one is unavailable, save a reference to a row that does not exist (not_found).
// Used by one thread at a time. Destructors never fail: what was not committed is rolled back.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/base/shared_text.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace sparkgate::store {

// A prepared statement, made once and run many times.
class statement {
public:
    // Binds the values to ?1, ?2, … Texts are not copied: they must live until the run ends.
    template <class... Values>
    void start(const Values&... values) {
        reset();
        int index = 0;
        (bind(++index, values), ...);
    }

    // The next row; false when there is none. After false or an error the statement is reset.
    result<bool> step();

    // start() and step() for a statement that gives no rows.
    template <class... Values>
    result<void> run(const Values&... values) {
        start(values...);
        auto row = step();
        reset();
        if (!row) return row.error();
        return {};
    }

    // Columns of the current row, from 0. Bytes come back as they were bound, zeros included.
    std::int64_t integer(int column) const;
    double real(int column) const;
    std::string text(int column) const;
    bool null(int column) const;

    // Ends the run and forgets the bound values; frees what the row held.
    void reset();

private:
    friend class database;
    struct finalizer {
        void operator()(sqlite3_stmt* s) const;
    };

    explicit statement(sqlite3_stmt* raw) : raw_(raw) {}
    void bind(int index, std::int64_t value);
    void bind(int index, double value);
    void bind(int index, const std::string& value);
    void bind(int index, const shared_text& value);
    void keep_first_error(int code);

    std::unique_ptr<sqlite3_stmt, finalizer> raw_;
    int bind_error_ = 0;  // told by the next step()
};

class database {
public:
    // Opens or creates the file for reading and writing; its mode is 0600 afterwards. The directory must
    // exist.
    static result<database> open(const std::filesystem::path& file);

    // Statements without parameters; rows are dropped.
    result<void> execute(const char* sql);

    // From now on other programs' locks are waited for, up to 5 s; without it they are an error at once.
    result<void> wait_for_locks() { return execute("PRAGMA busy_timeout = 5000"); }

    // The first column of the first row.
    result<std::int64_t> query_integer(std::string_view sql);
    result<std::string> query_text(std::string_view sql);

    result<statement> prepare(std::string_view sql);

    // False also after SQLite has rolled back by itself, which it does when the disk is full or fails.
    bool in_transaction() const;

    // Pages that had to be read from the file so far.
    int pages_read() const;

private:
    struct closer {
        void operator()(sqlite3* connection) const;
    };

    explicit database(sqlite3* raw) : raw_(raw) {}
    template <class Read>
    auto query(std::string_view sql, Read read) -> result<decltype(read(std::declval<statement&>()))>;

    std::unique_ptr<sqlite3, closer> raw_;
};

// BEGIN IMMEDIATE … COMMIT: waits for the write lock at its begin, never in its middle.
class transaction {
public:
    static result<transaction> begin(database& db);
    transaction(transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
    ~transaction();

    // On an error nothing of the transaction remains.
    result<void> commit();

private:
    explicit transaction(database& db) : db_(&db) {}
    database* db_;
};

// A part of a transaction that can be undone alone.
class savepoint {
public:
    static result<savepoint> begin(database& db);
    savepoint(savepoint&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
    ~savepoint();

    result<void> release();

private:
    explicit savepoint(database& db) : db_(&db) {}
    database* db_;
};

}  // namespace sparkgate::store
