// The schema of the database and the way from every earlier one to it (docs/store-format.md). A migration
// that has been released is never edited: a change of the schema is a new one at the end of the list.
#pragma once

#include "store/sqlite.hpp"

#include "sparkgate/base/error.hpp"

namespace sparkgate::store {

// In the file's header, so that a foreign SQLite file is not taken for a store: "spkg".
inline constexpr std::int64_t application_id = 0x73706b67;

// The schema that this program writes.
int newest_schema();

// Reads only. Errors: unavailable when the file is damaged, another program's, or written by a newer version.
result<void> check_schema(database& db);

// Brings a checked database to newest_schema(), all or nothing.
result<void> migrate(database& db);

}  // namespace sparkgate::store
