#include "store/migrations.hpp"

#include <iterator>

namespace sparkgate::store {

namespace {

// Entry n leads from schema n to schema n + 1.
constexpr const char* migrations[] = {
    // 1: `output` is the last column, so that reading the others does not touch its overflow pages.
    R"sql(
    CREATE TABLE sessions (
        id INTEGER PRIMARY KEY,
        node TEXT NOT NULL,
        state TEXT NOT NULL,
        request TEXT NOT NULL,
        details TEXT NOT NULL
    ) STRICT;
    CREATE TABLE statements (
        session INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        id INTEGER NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        started INTEGER NOT NULL,
        completed INTEGER NOT NULL,
        progress REAL NOT NULL,
        code TEXT NOT NULL,
        output TEXT,
        PRIMARY KEY (session, id)
    ) STRICT;
    CREATE TABLE counters (
        name TEXT PRIMARY KEY,
        next INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    )sql",
    // 2: `request` is the last column, for the same reason.
    R"sql(
    CREATE TABLE batches (
        id INTEGER PRIMARY KEY,
        node TEXT NOT NULL,
        state TEXT NOT NULL,
        details TEXT NOT NULL,
        request TEXT NOT NULL
    ) STRICT;
    )sql",
};

result<std::int64_t> schema_of(database& db) {
    return db.query_integer("PRAGMA user_version");
}

result<void> apply(database& db, std::int64_t from) {
    if (auto applied = db.execute(migrations[from]); !applied) return applied;
    const std::string version = "PRAGMA user_version = " + std::to_string(from + 1);
    return db.execute(version.c_str());
}

}  // namespace

int newest_schema() {
    return static_cast<int>(std::size(migrations));
}

result<void> check_schema(database& db) {
    auto tables = db.query_integer("SELECT count(*) FROM sqlite_schema");
    if (!tables) return tables.error();
    auto owner = db.query_integer("PRAGMA application_id");
    if (!owner) return owner.error();
    auto schema = schema_of(db);
    if (!schema) return schema.error();
    if (*tables == 0 && *schema == 0) return {};  // new
    if (*owner != application_id)
        return fail(errc::unavailable,
                    "the store belongs to another program: name another file or directory");
    if (*schema > newest_schema())
        return fail(errc::unavailable, "the store was written by a newer version (schema " +
                                           std::to_string(*schema) + ", this one knows " +
                                           std::to_string(newest_schema()) +
                                           "): start the newer version, or restore a copy from before");
    return {};
}

result<void> migrate(database& db) {
    auto schema = schema_of(db);
    if (!schema) return schema.error();
    if (*schema == newest_schema()) return {};
    auto all = transaction::begin(db);
    if (!all) return all.error();
    const std::string mark = "PRAGMA application_id = " + std::to_string(application_id);
    if (auto marked = db.execute(mark.c_str()); !marked) return marked;
    for (std::int64_t from = *schema; from < newest_schema(); ++from)
        if (auto applied = apply(db, from); !applied) return applied;
    return all->commit();
}

}  // namespace sparkgate::store
