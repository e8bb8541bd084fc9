#include "http/target.hpp"

#include <boost/nowide/utf/utf.hpp>

#include <algorithm>
#include <cctype>
#include <optional>

namespace sparkgate::http {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
    return out;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
    return -1;
}

bool is_utf8(std::string_view text) {
    using traits = boost::nowide::utf::utf_traits<char>;
    for (auto at = text.begin(); at != text.end();)
        if (!boost::nowide::utf::is_valid_codepoint(traits::decode(at, text.end()))) return false;
    return true;
}

enum class part { path, query };

// No client escapes these: who does wants a path to look like another one to a proxy in front, which compares
// it as it was sent.
bool needs_no_escape(unsigned char byte) {
    return byte < 0x80 && (std::isalnum(byte) || byte == '-' || byte == '.' || byte == '_');
}

// Decodes once. Nothing when an escape is broken, when it hides a byte that this part must not hold (NUL
// anywhere, in a path any control character and what needs no escape), or when the whole is not UTF-8.
std::optional<std::string> decode(std::string_view raw, part where) {
    std::string out;
    out.reserve(raw.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] == '+' && where == part::query) {
            out += ' ';
            continue;
        }
        if (raw[i] != '%') {
            out += raw[i];
            continue;
        }
        if (raw.size() - i < 3) return std::nullopt;
        const int high = hex_digit(raw[i + 1]);
        const int low = hex_digit(raw[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        const auto byte = static_cast<unsigned char>(high * 16 + low);
        if (byte == 0) return std::nullopt;
        if (where == part::path && (std::iscntrl(byte) || needs_no_escape(byte))) return std::nullopt;
        out += static_cast<char>(byte);
        i += 2;
    }
    if (!is_utf8(out)) return std::nullopt;
    return out;
}

// The characters of a URI without a fragment (RFC 3986, 2), and not one that servers repair differently.
bool only_uri_characters(std::string_view raw) {
    static constexpr std::string_view never = "#\"<>\\^`{|}";
    return std::all_of(raw.begin(), raw.end(), [](char c) {
        return c > ' ' && c < '\x7f' && never.find(c) == std::string_view::npos;
    });
}

// The text up to `separator`, which both are removed from `rest`.
std::string_view take_until(std::string_view& rest, char separator) {
    const auto end = rest.find(separator);
    const auto head = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return head;
}

// "http://host:8998/x?y" becomes "/x?y" and the authority.
bool strip_authority(std::string_view& raw, target& out) {
    const auto scheme_end = raw.find("://");
    if (scheme_end == std::string_view::npos) return false;
    const auto scheme = lower(raw.substr(0, scheme_end));
    if (scheme != "http" && scheme != "https") return false;
    raw.remove_prefix(scheme_end + 3);
    const auto end = raw.find_first_of("/?");
    out.authority = normal_authority(raw.substr(0, end));
    raw = end == std::string_view::npos ? "/" : raw.substr(end);
    return !out.authority.empty();
}

// A segment may have parameters behind a semicolon (RFC 3986, 3.3). None means anything here, and servers
// that cut them read "/sessions;/../version" as another path than proxies that do not.
bool parse_path(std::string_view raw, target& out) {
    if (raw.find(';') != std::string_view::npos) return false;
    raw.remove_prefix(std::min(raw.find_first_not_of('/'), raw.size()));
    while (!raw.empty()) {
        out.trailing_slash = raw.find('/') == raw.size() - 1;
        auto segment = decode(take_until(raw, '/'), part::path);
        if (!segment || *segment == "." || *segment == "..") return false;
        out.path.push_back(std::move(*segment));
    }
    return true;
}

bool parse_query(std::string_view raw, target& out) {
    while (!raw.empty()) {
        auto value = take_until(raw, '&');
        if (value.empty()) continue;
        auto name = decode(take_until(value, '='), part::query);
        auto decoded = decode(value, part::query);
        if (!name || !decoded) return false;
        out.query.emplace_back(std::move(*name), std::move(*decoded));
    }
    return true;
}

}  // namespace

std::string normal_authority(std::string_view authority) {
    if (authority.ends_with(":80")) authority.remove_suffix(2);
    if (authority.ends_with(':')) authority.remove_suffix(1);
    return lower(authority);
}

result<target> parse_target(std::string_view raw) {
    if (!only_uri_characters(raw))
        return fail(errc::invalid_argument, "the request target has illegal characters");
    target out;
    if (!raw.starts_with('/') && !strip_authority(raw, out))
        return fail(errc::invalid_argument, "the request target must be a path or an http URL");
    const auto path = take_until(raw, '?');
    if (!parse_path(path, out))
        return fail(errc::invalid_argument,
                    "the path has an illegal segment, an illegal escape or a semicolon");
    if (!parse_query(raw, out)) return fail(errc::invalid_argument, "the query has an illegal escape");
    return out;
}

}  // namespace sparkgate::http
