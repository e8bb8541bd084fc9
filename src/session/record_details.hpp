// Reads what a record's `details` keep. A member that is missing or of another type is nothing: the file may
// be of an earlier version.
#pragma once

#include "sparkgate/session/program.hpp"

namespace sparkgate::session {

// The object; an empty one if the text is none.
json parse_details(const std::string& text);
std::optional<std::string> text_in(const json& details, const char* key);
std::optional<epoch_ms> time_in(const json& details, const char* key);

// Owner and Idempotency-Key of a record.
std::optional<creation_key> key_in(const json& details);

}  // namespace sparkgate::session
