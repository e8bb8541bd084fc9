// Content codings of bodies: gzip and deflate (RFC 9110, 8.4.1), as Livy takes and gives them. Pure.
#pragma once

#include "sparkgate/base/error.hpp"

#include <string>
#include <string_view>

namespace sparkgate::http {

enum class coding { identity, gzip, deflate };

// The name on the wire.
std::string_view to_string(coding value);

// Content-Encoding of a request. A value that is no coding of ours is ignored as Livy does: its Java client
// sends "UTF-8".
coding parse_coding(std::string_view content_encoding);

// What an Accept-Encoding allows, gzip before deflate; identity when neither is accepted.
coding choose_coding(std::string_view accept_encoding);

// `how` is not identity.
std::string compress(std::string_view body, coding how);

// Errors: invalid_argument (not such a stream, or cut), too_large (more than `limit` bytes).
result<std::string> decompress(std::string_view body, coding how, std::size_t limit);

}  // namespace sparkgate::http
