#include "http/wire_guard.hpp"

#include "sparkgate/base/async.hpp"

#include <boost/algorithm/string/trim.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include <algorithm>
#include <cctype>
#include <cstring>

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

template <class Predicate>
bool all(std::string_view text, Predicate holds) {
    return std::all_of(text.begin(), text.end(),
                       [&](char c) { return holds(static_cast<unsigned char>(c)); });
}

bool digit(unsigned char c) {
    return c >= '0' && c <= '9';
}

// The address between the brackets of an IPv6 host.
bool is_ipv6(std::string_view text) {
    boost::system::error_code ec;
    asio::ip::make_address_v6(text, ec);
    return !ec;
}

// RFC 3986, 3.2.2: an IPv4 address is a name, too.
bool is_name(std::string_view text) {
    for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1))
        if (at + 2 >= text.size() || !std::isxdigit(static_cast<unsigned char>(text[at + 1])) ||
            !std::isxdigit(static_cast<unsigned char>(text[at + 2])))
            return false;
    return !text.empty() && all(text, [](unsigned char c) {
        return c < 0x80 && (std::isalnum(c) || std::strchr("-._~%!$&'()*+,;=", c));
    });
}

bool is_chunked(std::string_view coding) {
    return beast::iequals(coding, "chunked");
}

// "gzip, chunked": correct, only not ours. Everything else could be read in two ways.
bool names_other_coding(std::string_view list) {
    const auto last = list.rfind(',');
    if (last == std::string_view::npos) return false;
    for (const auto coding : beast::http::token_list(list.substr(0, last)))
        if (is_chunked(coding)) return false;
    const auto begin = list.find_first_not_of(" \t");
    return list[begin] != ',' && is_chunked(boost::trim_copy(std::string(list.substr(last + 1))));
}

std::optional<refusal> check_coding(const framing_fields& fields, unsigned version) {
    if (fields.codings == 0) return std::nullopt;
    if (fields.codings > 1) return refusal{400, "more than one Transfer-Encoding"};
    if (fields.lengths > 0) return refusal{400, "both Transfer-Encoding and Content-Length"};
    if (version < 11) return refusal{400, "Transfer-Encoding needs HTTP/1.1"};
    if (is_chunked(fields.coding)) return std::nullopt;
    if (names_other_coding(fields.coding)) return refusal{501, "no transfer coding but chunked is served"};
    return refusal{400, "Transfer-Encoding must be chunked"};
}

std::optional<refusal> check_length(const framing_fields& fields) {
    if (fields.lengths == 0) return std::nullopt;
    if (fields.lengths > 1) return refusal{400, "more than one Content-Length"};
    if (!all(fields.length, digit) || fields.length.empty())
        return refusal{400, "Content-Length is not a number"};
    return std::nullopt;
}

std::optional<refusal> check_host(const framing_fields& fields, unsigned version) {
    if (fields.hosts > 1) return refusal{400, "more than one Host"};
    if (fields.hosts == 0 && version >= 11) return refusal{400, "no Host"};
    if (fields.hosts > 0 && !is_host(fields.host)) return refusal{400, "Host is not a host"};
    return std::nullopt;
}

// "GET /x HTTP/2.0" is well formed, only not ours; "GET /x http/1.1" is not HTTP.
bool names_other_version(std::string_view unread) {
    auto line = unread.substr(0, unread.find("\r\n"));
    if (line.ends_with('\r')) line.remove_suffix(1);  // the end has not quite come
    if (line.size() < 9 || !all(line, [](unsigned char c) { return c >= ' ' && c < 0x7f; })) return false;
    const auto version = line.substr(line.size() - 9), before = line.substr(0, line.size() - 9);
    const bool two_words =
        before.find(' ') != std::string_view::npos && before.find(' ') == before.rfind(' ');
    return two_words && version.starts_with(" HTTP/") && version[7] == '.' && digit(version[6]) &&
           digit(version[8]) && version != " HTTP/1.1" && version != " HTTP/1.0";
}

}  // namespace

// An http URI has no empty host (RFC 9110, 4.2.1).
bool is_host(std::string_view text) {
    const auto name_end = text.starts_with('[') ? text.find(']') : std::string_view::npos;
    const auto colon = text.find(':', name_end == std::string_view::npos ? 0 : name_end);
    const auto name = text.substr(0, colon);
    if (colon != std::string_view::npos && !all(text.substr(colon + 1), digit)) return false;
    if (!name.starts_with('[')) return is_name(name);
    return name.ends_with(']') && is_ipv6(name.substr(1, name.size() - 2));
}

bool has_fold(std::string_view lines) {
    for (auto end = lines.find('\n'); end < lines.size() - 1; end = lines.find('\n', end + 1))
        if (lines[end + 1] == ' ' || lines[end + 1] == '\t') return true;
    return false;
}

std::optional<refusal> check_header(const request_header& header, std::size_t max_fields) {
    const auto fields = collect(header);
    if (fields.all > max_fields) return refusal{431, "too many header fields"};
    if (auto no = check_coding(fields, header.version())) return no;
    if (auto no = check_length(fields)) return no;
    return check_host(fields, header.version());
}

std::optional<refusal> check_trailer(const request_header& fields, std::size_t of_header,
                                     std::size_t max_fields) {
    const auto all = static_cast<std::size_t>(std::distance(fields.begin(), fields.end()));
    if (all - of_header <= max_fields) return std::nullopt;
    return refusal{431, "too many fields in the trailer"};
}

std::optional<refusal> check_expectation(const request_header& header) {
    if (header.version() < 11) return std::nullopt;
    for (const auto& each : header)
        if (each.name() == field::expect && !beast::iequals(each.value(), "100-continue"))
            return refusal{417, "no expectation but 100-continue is met"};
    return std::nullopt;
}

bool asks_to_close(const request_header& header) {
    for (const auto& each : header)
        if (each.name() == field::connection && beast::http::token_list(each.value()).exists("close"))
            return true;
    return false;
}

void chunk_guard::operator()(std::uint64_t, std::string_view extensions, beast::error_code& ec) {
    extension_bytes_ += extensions.size();
    if (extension_bytes_ > max_extension_bytes) ec = beast::http::error::bad_chunk_extension;
}

refusal refusal_of_rest(std::string_view unread) {
    if (unread.starts_with("\r\n")) unread.remove_prefix(2);  // the end of the chunk before
    const auto line = unread.substr(0, unread.find("\r\n"));
    const auto size = line.substr(0, line.find_first_of("; \t"));
    const bool last_chunk = !size.empty() && all(size, [](unsigned char c) { return c == '0'; });
    if (last_chunk && line.size() < unread.size()) return {431, "the trailer is too large"};
    return {400, "a chunk extension is too large"};
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
