#include "store/sqlite.hpp"

#include "sparkgate/base/own_file.hpp"
#include "sparkgate/base/unique_fd.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace sparkgate::store {
namespace fs = std::filesystem;

namespace {

error sqlite_error(sqlite3* connection) {
    const int code = sqlite3_extended_errcode(connection);
    if (code == SQLITE_CONSTRAINT_FOREIGNKEY) return fail(errc::not_found, "the session does not exist");
    const char* message = sqlite3_errmsg(connection);
    switch (code & 0xff) {  // the primary code
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return fail(errc::unavailable,
                        std::string("the store is damaged or not a store (") + message +
                            "): restore a copy, or move it away with its -wal and -shm files to begin anew");
        case SQLITE_BUSY:
            return fail(errc::unavailable, "the store failed: another program has locked it");
        case SQLITE_IOERR:
            if (sqlite3_system_errno(connection) == 0)
                return fail(errc::unavailable, std::string("the store failed: ") + message);
            return system_error(errc::unavailable, std::string("the store failed: ") + message,
                                sqlite3_system_errno(connection));
        default:
            return fail(errc::unavailable, std::string("the store failed: ") + message);
    }
}

// SQLite would create the file with the umask's mode; its -wal and -shm files take over the mode of the file.
// A link in place of the file it would follow; of one in place of the others it would only say that it cannot
// open them.
result<void> make_private_file(const fs::path& file) {
    for (const char* each : {"", "-wal", "-shm", "-journal"})
        if (auto safe = check_private_file(file.string() + each); !safe) return safe;
    unique_fd created(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    // An existing file is not opened here: closing it would drop the locks of this process's other
    // connections.
    if (!created && errno != EEXIST)
        return system_error(errc::unavailable, "cannot create the store " + file.string(), errno);
    struct stat info {};
    if (::lstat(file.c_str(), &info) != 0 ||
        ((info.st_mode & 0777) != 0600 && ::chmod(file.c_str(), 0600) != 0))
        return system_error(errc::unavailable, "cannot make the store " + file.string() + " private", errno);
    return {};
}

}  // namespace

// ---- statement

void statement::finalizer::operator()(sqlite3_stmt* s) const {
    sqlite3_finalize(s);
}

void statement::keep_first_error(int code) {
    if (bind_error_ == SQLITE_OK) bind_error_ = code;
}

void statement::bind(int index, std::int64_t value) {
    keep_first_error(sqlite3_bind_int64(raw_.get(), index, value));
}

void statement::bind(int index, double value) {
    keep_first_error(sqlite3_bind_double(raw_.get(), index, value));
}

void statement::bind(int index, const std::string& value) {
    keep_first_error(
        sqlite3_bind_text64(raw_.get(), index, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void statement::bind(int index, const shared_text& value) {
    if (value) bind(index, *value);  // otherwise unbound, which is NULL
}

result<bool> statement::step() {
    if (bind_error_ != SQLITE_OK) {
        const int code = bind_error_;
        reset();
        return fail(errc::unavailable, std::string("the store failed: ") + sqlite3_errstr(code));
    }
    const int code = sqlite3_step(raw_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) {
        reset();
        return false;
    }
    auto failure = sqlite_error(sqlite3_db_handle(raw_.get()));
    reset();
    return failure;
}

std::int64_t statement::integer(int column) const {
    return sqlite3_column_int64(raw_.get(), column);
}

double statement::real(int column) const {
    return sqlite3_column_double(raw_.get(), column);
}

std::string statement::text(int column) const {
    const void* bytes = sqlite3_column_text(raw_.get(), column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(raw_.get(), column));
    if (bytes == nullptr && !null(column)) throw std::bad_alloc();
    return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

bool statement::null(int column) const {
    return sqlite3_column_type(raw_.get(), column) == SQLITE_NULL;
}

void statement::reset() {
    sqlite3_reset(raw_.get());
    sqlite3_clear_bindings(raw_.get());
    bind_error_ = SQLITE_OK;
}

// ---- database

void database::closer::operator()(sqlite3* connection) const {
    sqlite3_close(connection);
}

result<database> database::open(const fs::path& file) {
    if (auto made = make_private_file(file); !made) return made.error();
    sqlite3* raw = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(file.c_str(), &raw, flags, nullptr);
    database db(raw);
    if (code != SQLITE_OK)
        return fail(errc::unavailable,
                    "cannot open the store " + file.string() + ": " + sqlite3_errstr(code));
    if (sqlite3_db_readonly(raw, "main") != 0)
        return fail(errc::unavailable, "cannot write to the store " + file.string() + ": it is read-only");
    return db;
}

result<void> database::execute(const char* sql) {
    if (sqlite3_exec(raw_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
        return sqlite_error(raw_.get());
    return {};
}

template <class Read>
auto database::query(std::string_view sql, Read read) -> result<decltype(read(std::declval<statement&>()))> {
    auto prepared = prepare(sql);
    if (!prepared) return prepared.error();
    auto row = prepared->step();
    if (!row) return row.error();
    if (!*row) return fail(errc::internal, "no row from " + std::string(sql));
    return read(*prepared);
}

result<std::int64_t> database::query_integer(std::string_view sql) {
    return query(sql, [](statement& s) { return s.integer(0); });
}

result<std::string> database::query_text(std::string_view sql) {
    return query(sql, [](statement& s) { return s.text(0); });
}

result<statement> database::prepare(std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    const int size = static_cast<int>(sql.size());
    if (sqlite3_prepare_v3(raw_.get(), sql.data(), size, SQLITE_PREPARE_PERSISTENT, &raw, nullptr) !=
        SQLITE_OK)
        return sqlite_error(raw_.get());
    return statement(raw);
}

bool database::in_transaction() const {
    return sqlite3_get_autocommit(raw_.get()) == 0;
}

int database::pages_read() const {
    int current = 0, highest = 0;
    sqlite3_db_status(raw_.get(), SQLITE_DBSTATUS_CACHE_MISS, &current, &highest, 0);
    return current;
}

// ---- transaction and savepoint

result<transaction> transaction::begin(database& db) {
    if (auto begun = db.execute("BEGIN IMMEDIATE"); !begun) return begun.error();
    return transaction(db);
}

result<void> transaction::commit() {
    auto committed = db_->execute("COMMIT");
    if (committed) db_ = nullptr;
    return committed;
}

transaction::~transaction() {
    if (db_ != nullptr && db_->in_transaction()) (void)db_->execute("ROLLBACK");
}

result<savepoint> savepoint::begin(database& db) {
    if (auto begun = db.execute("SAVEPOINT part"); !begun) return begun.error();
    return savepoint(db);
}

result<void> savepoint::release() {
    auto released = db_->execute("RELEASE part");
    if (released) db_ = nullptr;
    return released;
}

savepoint::~savepoint() {
    if (db_ != nullptr && db_->in_transaction()) (void)db_->execute("ROLLBACK TO part; RELEASE part");
}

}  // namespace sparkgate::store
