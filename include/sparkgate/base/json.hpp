// JSON with the guards that nlohmann lacks: bounds when reading, no throw on invalid UTF-8 when writing.
// Objects keep the order in which keys were inserted (clients see Livy's key order).
#pragma once

#include "sparkgate/base/error.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace sparkgate {

using json = nlohmann::ordered_json;

// What a text may hold. nlohmann's values recurse to be copied, written or compared, and take long to find a
// key.
struct json_limits {
    int depth = 64;
    std::size_t values = 100'000;  // of all kinds, at all depths
    std::size_t keys = 4'096;      // of all objects
};

// For what the gateway itself has written: only the depth is bounded, for the stack's sake.
inline constexpr json_limits own_json{.values = SIZE_MAX, .keys = SIZE_MAX};

// Reads one JSON text (UTF-8). A key twice in an object is refused: readers differ in which one counts.
// Errors: invalid_argument, saying where and what was expected.
result<json> parse_json(std::string_view text, json_limits limits = {});

// Compact; invalid UTF-8 becomes U+FFFD.
std::string dump_json(const json& value);

// The JSON string literal of `text`, quotes included, appended to `out`; invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

// Whether `text` is exactly one valid JSON text. Constant memory.
bool is_json(std::string_view text);

}  // namespace sparkgate
