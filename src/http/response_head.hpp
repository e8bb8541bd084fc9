// Spells the head of a response. Order: status line, Date, the server's common headers, Content-Type, the
// response's own headers, X-Request-Id, Content-Length or Transfer-Encoding, Connection.
#pragma once

#include "sparkgate/http/message.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sparkgate::http {

// How the client knows where the body ends.
enum class body_end { by_length, by_last_chunk, by_close };

enum class connection_word { none, close, keep_alive };  // keep_alive is said to HTTP/1.0 clients only

// Header lines, ready to be copied into every head. Control characters of a value become spaces, so that no
// value can begin a header or a response of its own.
std::string header_lines(const std::vector<std::pair<std::string, std::string>>& headers);

// Whether a response of this status has a body at all (204 and 304 have none).
bool may_have_body(unsigned status);

// Appends the head, blank line included. `common`: from header_lines.
void append_head(std::string& out, const response& answer, std::string_view common,
                 std::string_view request_id, connection_word connection, body_end end = body_end::by_length);

}  // namespace sparkgate::http
