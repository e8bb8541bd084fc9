// Reads the JSON of records. What was taken from a client once is read again whatever its size; what does not
// have the form in which it is written is an error, since a guess could start a program as somebody else. A
// member that is missing is nothing: the record may be of an earlier version.
#pragma once

#include "sparkgate/session/program.hpp"

namespace sparkgate::session {

// Errors: invalid_argument, one line.
result<json> read_object(std::string_view text);

// An object with the members that program::common_details() writes. Errors as above.
result<json> read_details(std::string_view text);

std::optional<std::string> text_in(const json& details, const char* key);
std::optional<epoch_ms> time_in(const json& details, const char* key);

// Owner and Idempotency-Key of a record.
std::optional<creation_key> key_in(const json& details);

}  // namespace sparkgate::session
