// The SQL of the store: each kind of change and each read is one prepared statement, kept for the life of the
// database. `tables` is used by the writer's thread, inside its transactions.
#pragma once

#include "store/sqlite.hpp"

#include "sparkgate/store/store.hpp"

namespace sparkgate::store {

class tables {
public:
    // `db` has the newest schema and outlives the tables.
    static result<tables> prepare(database& db);

    // Errors: not_found for a statement whose session does not exist, unavailable.
    result<void> apply(const change& c);

    result<contents> read_contents();

private:
    tables() = default;
    result<void> run(const put_session& c);
    result<void> run(const erase_session& c);
    result<void> run(const put_batch& c);
    result<void> run(const erase_batch& c);
    result<void> run(const put_statement& c);
    result<void> run(const erase_statements& c);
    result<void> run(const put_next_id& c);

    database* db_ = nullptr;
    std::optional<statement> put_session_, update_session_, erase_session_;
    std::optional<statement> put_batch_, update_batch_, erase_batch_;
    std::optional<statement> put_statement_, update_statement_, erase_statements_, put_next_id_;
};

// Reads texts of statements on a connection of its own, so that no transaction and no lock of a writer is in
// its way.
class text_reader {
public:
    // The file has the newest schema.
    static result<text_reader> open(const std::filesystem::path& file);

    // Errors: not_found, unavailable.
    result<std::string> read_output(std::int64_t session, std::int64_t statement);
    result<std::string> read_code(std::int64_t session, std::int64_t statement);

private:
    text_reader(std::unique_ptr<database> db, statement output, statement code)
        : db_(std::move(db)), output_(std::move(output)), code_(std::move(code)) {}

    std::unique_ptr<database> db_;
    statement output_, code_;
};

}  // namespace sparkgate::store
