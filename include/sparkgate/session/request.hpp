// What a client asks for when it creates a session, checked. Field names as on the wire.
#pragma once

#include "sparkgate/process/spark_submit.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

}  // namespace sparkgate::session
