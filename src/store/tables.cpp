#include "store/tables.hpp"

namespace sparkgate::store {

namespace {

// Upserts, not REPLACE: replacing a session's row would erase its statements with it.
constexpr std::string_view put_session_sql =
    "INSERT INTO sessions (id, node, state, request, details) VALUES (?1, ?2, ?3, ?4, ?5)"
    " ON CONFLICT (id) DO UPDATE SET node = ?2, state = ?3, request = ?4, details = ?5";
constexpr std::string_view update_session_sql =
    "UPDATE sessions SET node = ?2, state = ?3, details = ?4 WHERE id = ?1";
constexpr std::string_view erase_session_sql = "DELETE FROM sessions WHERE id = ?1";
constexpr std::string_view put_batch_sql =
    "INSERT INTO batches (id, node, state, request, details) VALUES (?1, ?2, ?3, ?4, ?5)"
    " ON CONFLICT (id) DO UPDATE SET node = ?2, state = ?3, request = ?4, details = ?5";
constexpr std::string_view update_batch_sql =
    "UPDATE batches SET node = ?2, state = ?3, details = ?4 WHERE id = ?1";
constexpr std::string_view erase_batch_sql = "DELETE FROM batches WHERE id = ?1";
constexpr std::string_view put_statement_sql =
    "INSERT INTO statements (session, id, kind, state, started, completed, progress, code, output)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    " ON CONFLICT (session, id) DO UPDATE SET kind = ?3, state = ?4, started = ?5, completed = ?6, progress "
    "= ?7,"
    " code = ?8, output = ?9";
constexpr std::string_view update_statement_sql =
    "UPDATE statements SET state = ?3, started = ?4, completed = ?5, progress = ?6, output = ?7"
    " WHERE session = ?1 AND id = ?2";
constexpr std::string_view erase_statements_sql = "DELETE FROM statements WHERE session = ?1 AND id < ?2";
constexpr std::string_view put_next_id_sql =
    "INSERT INTO counters (name, next) VALUES (?1, ?2)"
    " ON CONFLICT (name) DO UPDATE SET next = max(next, ?2)";
constexpr std::string_view read_output_sql = "SELECT output FROM statements WHERE session = ?1 AND id = ?2";
constexpr std::string_view read_code_sql = "SELECT code FROM statements WHERE session = ?1 AND id = ?2";

constexpr std::string_view sessions_sql =
    "SELECT id, node, state, request, details FROM sessions ORDER BY id";
constexpr std::string_view batches_sql =
    "SELECT id, node, state, details,"
    " CASE WHEN state IN ('success', 'dead', 'killed') THEN NULL ELSE request END FROM batches ORDER BY id";
constexpr std::string_view statements_sql =
    "SELECT session, id, kind, state, started, completed, progress,"
    " CASE WHEN state IN ('waiting', 'running', 'cancelling') OR length(code) <= 4096 THEN code END,"  // longest_loaded_code
    " typeof(output) <> 'null' FROM statements ORDER BY session, id";
constexpr std::string_view next_session_id_sql =
    "SELECT max(coalesce((SELECT next FROM counters WHERE name = 'session'), 0),"
    " coalesce((SELECT max(id) + 1 FROM sessions), 0))";
constexpr std::string_view next_batch_id_sql =
    "SELECT max(coalesce((SELECT next FROM counters WHERE name = 'batch'), 0),"
    " coalesce((SELECT max(id) + 1 FROM batches), 0))";

session_record session_of(const statement& row) {
    return {.id = row.integer(0),
            .node = row.text(1),
            .state = row.text(2),
            .request = row.text(3),
            .details = row.text(4)};
}

batch_record batch_of(const statement& row) {
    return {.id = row.integer(0),
            .node = row.text(1),
            .state = row.text(2),
            .request = row.null(4) ? std::nullopt : std::optional(row.text(4)),
            .details = row.text(3)};
}

statement_record statement_of(const statement& row) {
    return {.session = row.integer(0),
            .id = row.integer(1),
            .kind = row.text(2),
            .code = row.null(7) ? shared_text() : shared_text(row.text(7)),
            .state = row.text(3),
            .started = row.integer(4),
            .completed = row.integer(5),
            .progress = row.real(6),
            .output = {},
            .has_output = row.integer(8) != 0};
}

template <class Record>
result<std::vector<Record>> read_all(database& db, std::string_view sql, Record (*read)(const statement&)) {
    auto query = db.prepare(sql);
    if (!query) return query.error();
    std::vector<Record> records;
    for (;;) {
        auto row = query->step();
        if (!row) return row.error();
        if (!*row) return records;
        records.push_back(read(*query));
    }
}

}  // namespace

result<tables> tables::prepare(database& db) {
    tables made;
    made.db_ = &db;
    const std::pair<std::optional<statement>*, std::string_view> all[] = {
        {&made.put_session_, put_session_sql},           {&made.update_session_, update_session_sql},
        {&made.erase_session_, erase_session_sql},       {&made.put_batch_, put_batch_sql},
        {&made.update_batch_, update_batch_sql},         {&made.erase_batch_, erase_batch_sql},
        {&made.put_statement_, put_statement_sql},       {&made.update_statement_, update_statement_sql},
        {&made.erase_statements_, erase_statements_sql}, {&made.put_next_id_, put_next_id_sql},
    };
    for (const auto& [kept, sql] : all) {
        auto prepared = db.prepare(sql);
        if (!prepared) return prepared.error();
        kept->emplace(std::move(*prepared));
    }
    return made;
}

result<void> tables::apply(const change& c) {
    return std::visit([this](const auto& kind) { return run(kind); }, c);
}

result<void> tables::run(const put_session& c) {
    const auto& r = c.record;
    if (r.request) return put_session_->run(r.id, r.node, r.state, *r.request, r.details);
    return update_session_->run(r.id, r.node, r.state, r.details);
}

result<void> tables::run(const erase_session& c) {
    return erase_session_->run(c.id);
}

result<void> tables::run(const put_batch& c) {
    const auto& r = c.record;
    if (r.request) return put_batch_->run(r.id, r.node, r.state, *r.request, r.details);
    return update_batch_->run(r.id, r.node, r.state, r.details);
}

result<void> tables::run(const erase_batch& c) {
    return erase_batch_->run(c.id);
}

result<void> tables::run(const put_statement& c) {
    const auto& r = c.record;
    if (!r.code)
        return update_statement_->run(r.session, r.id, r.state, r.started, r.completed, r.progress, r.output);
    return put_statement_->run(r.session, r.id, r.kind, r.state, r.started, r.completed, r.progress, r.code,
                               r.output);
}

result<void> tables::run(const erase_statements& c) {
    return erase_statements_->run(c.session, c.below_id);
}

result<void> tables::run(const put_next_id& c) {
    return put_next_id_->run(c.counter, c.next);
}

result<contents> tables::read_contents() {
    contents all;
    auto sessions = read_all(*db_, sessions_sql, session_of);
    if (!sessions) return sessions.error();
    all.sessions = std::move(*sessions);
    auto batches = read_all(*db_, batches_sql, batch_of);
    if (!batches) return batches.error();
    all.batches = std::move(*batches);
    auto statements = read_all(*db_, statements_sql, statement_of);
    if (!statements) return statements.error();
    all.statements = std::move(*statements);
    auto next_session = db_->query_integer(next_session_id_sql);
    if (!next_session) return next_session.error();
    all.next_session_id = *next_session;
    auto next_batch = db_->query_integer(next_batch_id_sql);
    if (!next_batch) return next_batch.error();
    all.next_batch_id = *next_batch;
    return all;
}

result<text_reader> text_reader::open(const std::filesystem::path& file) {
    auto opened = database::open(file);
    if (!opened) return opened.error();
    auto db = std::make_unique<database>(std::move(*opened));
    if (auto done = db->wait_for_locks(); !done) return done.error();
    if (auto done = db->execute("PRAGMA query_only = ON; PRAGMA cache_size = -128"); !done)
        return done.error();
    auto output = db->prepare(read_output_sql);
    if (!output) return output.error();
    auto code = db->prepare(read_code_sql);
    if (!code) return code.error();
    return text_reader(std::move(db), std::move(*output), std::move(*code));
}

namespace {

result<std::string> read_text(statement& query, const char* what, std::int64_t session, std::int64_t id) {
    query.start(session, id);
    auto row = query.step();
    if (!row) return row.error();
    std::optional<std::string> text;
    if (*row && !query.null(0)) text = query.text(0);
    query.reset();
    if (text) return std::move(*text);
    return fail(errc::not_found, "statement " + std::to_string(id) + " of session " +
                                     std::to_string(session) + " has no " + what);
}

}  // namespace

result<std::string> text_reader::read_output(std::int64_t session, std::int64_t id) {
    return read_text(output_, "output", session, id);
}

result<std::string> text_reader::read_code(std::int64_t session, std::int64_t id) {
    return read_text(code_, "code", session, id);
}

}  // namespace sparkgate::store
