// Refuses what Beast's parser lets through although RFC 9112 forbids it or two servers in a row could read it
// differently (request smuggling). Pure: looks at a parsed header or at a parse error, and decides.
#pragma once

#include "sparkgate/http/message.hpp"

#include <boost/beast/core/error.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace sparkgate::http {

using request_header = boost::beast::http::header<true, boost::beast::http::fields>;

// Why a request is answered by the server itself; the connection is closed afterwards.
struct refusal {
    unsigned status;
    std::string message;  // one line for the client
};

inline constexpr std::size_t max_fields = 100;

// Checks the framing, the Host and the size of a complete header. Nothing: the request may be served.
std::optional<refusal> check_header(const request_header& header);

// The answer to a parse error. `unread`: what the parser has not consumed, the request line if that was at
// fault.
refusal refusal_of(boost::beast::error_code failure, std::string_view unread);

}  // namespace sparkgate::http
