// Refuses what Beast's parser lets through although RFC 9112 forbids it or two servers in a row could read it
// differently (request smuggling). Pure: looks at a parsed header or at a parse error, and decides.
#pragma once

#include "sparkgate/http/message.hpp"

#include <boost/beast/core/error.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

#include <cstdint>
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

// Checks the framing, the Host and the number of fields of a complete header. Nothing: the request may be
// served.
std::optional<refusal> check_header(const request_header& header, std::size_t max_fields);

// Checks the number of fields behind a body. `fields`: what Beast's parser has of header and trailer, of
// which `of_header` were in the header.
std::optional<refusal> check_trailer(const request_header& fields, std::size_t of_header,
                                     std::size_t max_fields);

// Whether a Host value or authority is a name or a bracketed IPv6 address, and perhaps a port.
bool is_host(std::string_view text);

// Whether one of these lines of a header goes on in the next (obs-fold), which no client does that means
// well: servers differ in what they make of it (RFC 9112, 5.2), and Beast hides it.
bool has_fold(std::string_view lines);

// An Expect that cannot be met (RFC 9110, 10.1.1). To be asked of HTTP/1.1 clients: older ones do not mean
// it.
std::optional<refusal> check_expectation(const request_header& header);

// Whether a Connection field says "close", which wins over "keep-alive" (RFC 9112, 9.3).
bool asks_to_close(const request_header& header);

// Beast's callback for the chunks of one body: bounds their extensions in all, as Beast does not.
class chunk_guard {
public:
    static constexpr std::size_t max_extension_bytes = 16 * 1024;

    void operator()(std::uint64_t size, std::string_view extensions, boost::beast::error_code& ec);

private:
    std::size_t extension_bytes_ = 0;
};

// The answer to a parse error. `unread`: what the parser has not consumed, the request line if that was at
// fault.
refusal refusal_of(boost::beast::error_code failure, std::string_view unread);

// The answer when the buffer is full of something beside a body that has no end: a chunk extension or a
// trailer.
refusal refusal_of_rest(std::string_view unread);

}  // namespace sparkgate::http
