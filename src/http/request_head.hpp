// Makes the handlers' request from a header that the wire guard let pass. Pure.
#pragma once

#include "http/wire_guard.hpp"

#include "sparkgate/http/message.hpp"

#include <optional>
#include <string_view>

namespace sparkgate::http {

// Fills in what logs and every answer need, also of a request that will be refused: method, target, version,
// and the client's id if it is fit for that.
void introduce(const request_header& header, request& out);

// Fills in the rest of `out`, which has been introduced, but body and remote address. 414: the target is
// longer than `max_target`.
std::optional<refusal> read_head(const request_header& header, std::size_t max_target, request& out);

// The client's X-Request-Id when it is fit for logs and answers: 1 to 64 of [A-Za-z0-9._-]. Else empty.
std::string_view client_request_id(std::string_view id);

}  // namespace sparkgate::http
