// The one place that knows how errors look on the wire: two JSON shapes, as Livy has them (clients match
// both).
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/http/message.hpp"

#include <string>
#include <string_view>

namespace sparkgate::api {

inline constexpr const char* html = "text/html;charset=utf-8";

// {"msg":"…"}, with "reason" if there is one: refusals by rules (unknown session, bad name, too many).
http::response msg_error(unsigned status, std::string_view message, std::string_view reason = {});
// "…": malformed bodies, unknown statements, wrong session states.
http::response text_error(unsigned status, std::string_view message);

// The status of a code, in the shape of msg_error; `busy` and `unavailable` carry Retry-After.
http::response to_response(const error& e);

// The table of codes, statuses and meanings for docs/http.md.
std::string error_table_markdown();

}  // namespace sparkgate::api
