#include "http/wire_guard.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cctype>

namespace sparkgate::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;

struct framing_fields {
    std::size_t all = 0, hosts = 0, lengths = 0, codings = 0;
    std::string_view host, length, coding;
};

framing_fields collect(const request_header& header) {
    framing_fields out;
    for (const auto& each : header) {
        ++out.all;
        switch (each.name()) {
            case field::host:
                ++out.hosts;
                out.host = each.value();
                break;
            case field::content_length:
                ++out.lengths;
                out.length = each.value();
                break;
            case field::transfer_encoding:
                ++out.codings;
                out.coding = each.value();
                break;
            default:
                break;
        }
    }
    return out;
}

// Host characters: a name, an address or a bracketed IPv6 address, and a port.
bool plausible_host(std::string_view host) {
    return std::all_of(host.begin(), host.end(), [](unsigned char c) {
        return std::isalnum(c) ||
               std::string_view("-._~:[]%!$&'()*+,;=").find(char(c)) != std::string_view::npos;
    });
}

std::optional<refusal> check_coding(const framing_fields& fields, unsigned version) {
    if (fields.codings == 0) return std::nullopt;
    if (fields.codings > 1) return refusal{400, "more than one Transfer-Encoding"};
    if (fields.lengths > 0) return refusal{400, "both Transfer-Encoding and Content-Length"};
    if (version < 11) return refusal{400, "Transfer-Encoding needs HTTP/1.1"};
    if (beast::iequals(fields.coding, "chunked")) return std::nullopt;
    const auto last = fields.coding.find_last_of(", \t");
    if (last != std::string_view::npos && beast::iequals(fields.coding.substr(last + 1), "chunked"))
        return refusal{501, "no transfer coding but chunked is served"};
    return refusal{400, "Transfer-Encoding must be chunked"};
}

std::optional<refusal> check_length(const framing_fields& fields) {
    if (fields.lengths == 0) return std::nullopt;
    if (fields.lengths > 1) return refusal{400, "more than one Content-Length"};
    const bool number = std::all_of(fields.length.begin(), fields.length.end(),
                                    [](unsigned char c) { return std::isdigit(c); });
    if (!number || fields.length.empty()) return refusal{400, "Content-Length is not a number"};
    return std::nullopt;
}

std::optional<refusal> check_host(const framing_fields& fields, unsigned version) {
    if (fields.hosts > 1) return refusal{400, "more than one Host"};
    if (fields.hosts == 0 && version >= 11) return refusal{400, "no Host"};
    if (!plausible_host(fields.host)) return refusal{400, "Host has illegal characters"};
    return std::nullopt;
}

// "GET /x HTTP/2.0" is well formed, only not ours; "GET /x http/1.1" is not HTTP.
bool names_other_version(std::string_view unread) {
    const auto line = unread.substr(0, unread.find('\r'));
    if (line.size() < 9) return false;
    const auto version = line.substr(line.size() - 9);
    return version.starts_with(" HTTP/") && std::isdigit(static_cast<unsigned char>(version[6])) &&
           version[7] == '.' && std::isdigit(static_cast<unsigned char>(version[8]));
}

}  // namespace

std::optional<refusal> check_header(const request_header& header) {
    const auto fields = collect(header);
    if (fields.all > max_fields) return refusal{431, "too many header fields"};
    if (auto no = check_coding(fields, header.version())) return no;
    if (auto no = check_length(fields)) return no;
    return check_host(fields, header.version());
}

refusal refusal_of(beast::error_code failure, std::string_view unread) {
    using beast::http::error;
    if (failure == error::header_limit || failure == error::buffer_overflow)
        return {431, "the request header is too large"};
    if (failure == error::body_limit) return {413, "the request body is too large"};
    if (failure == error::bad_version && names_other_version(unread))
        return {505, "HTTP/1.0 and HTTP/1.1 are served"};
    return {400, "not a valid HTTP request: " + failure.message()};
}

}  // namespace sparkgate::http
