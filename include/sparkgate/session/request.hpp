// What a client asks for when it creates a session or a batch, checked. Field names as on the wire.
#pragma once

#include "sparkgate/base/json.hpp"
#include "sparkgate/process/spark_request.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sparkgate::session {

enum class code_kind { shared, pyspark, spark, sql, sparkr };

// Accepts Livy's aliases (python, scala, r). Nothing for any other word.
std::optional<code_kind> parse_kind(std::string_view word);
std::string_view to_string(code_kind value);

struct session_request {
    code_kind kind = code_kind::shared;
    process::spark_request spark;  // as sent: echoed by the session's view
    int heartbeat_timeout_s = 0;
    std::optional<std::string> ttl, idle_timeout;  // as sent
};

struct batch_request {
    std::string file;  // the program: a jar, a Python or R file
    std::vector<std::string> args;
    process::spark_request spark;
};

// The memory that it takes, roughly and generously.
std::size_t bytes_of(const session_request& request);
std::size_t bytes_of(const batch_request& request);

// With the wire's field names, for the store.
json as_json(const session_request& request);
json as_json(const batch_request& request);

// What as_json() has written. A field that is missing has its default: the text may be of an earlier version.
// Errors: invalid_argument, one line, for a field of another type, an unknown kind, and a batch without file.
result<session_request> session_request_of(const json& stored);
result<batch_request> batch_request_of(const json& stored);

}  // namespace sparkgate::session
