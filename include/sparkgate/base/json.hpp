// JSON with the two guards that nlohmann lacks: bounded depth when reading, no throw on invalid UTF-8 when
// writing. Objects keep the order in which keys were inserted (clients see Livy's key order).
#pragma once

#include "sparkgate/base/error.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace sparkgate {

using json = nlohmann::ordered_json;

// A deeper text is refused: copy, dump and compare of nlohmann's values recurse.
inline constexpr int max_json_depth = 64;

// Reads one JSON text (UTF-8). Errors: invalid_argument, saying where and what was expected.
result<json> parse_json(std::string_view text, int max_depth = max_json_depth);

// Compact; invalid UTF-8 becomes U+FFFD.
std::string dump_json(const json& value);

// The JSON string literal of `text`, quotes included, appended to `out`; invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

// Whether `text` is exactly one valid JSON text. Constant memory.
bool is_json(std::string_view text);

}  // namespace sparkgate
