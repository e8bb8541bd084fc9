// Request targets: decoding, and finding the handler in the real table of routes.
#include "http/target.hpp"

#include "fuzz/fuzz.hpp"
#include "fuzz/whole_gateway.hpp"

#include <cctype>

namespace sparkgate::fuzz {
namespace {

constexpr http::method methods[] = {http::method::get,    http::method::head,  http::method::post,
                                    http::method::put,    http::method::patch, http::method::delete_,
                                    http::method::options};

void append_escaped(std::string& out, std::string_view text) {
    static constexpr char hex[] = "0123456789ABCDEF";
    for (const unsigned char byte : text)
        if (byte < 0x80 && (std::isalnum(byte) || byte == '-' || byte == '.' || byte == '_'))
            out += static_cast<char>(byte);
        else
            out.append({'%', hex[byte >> 4], hex[byte & 15]});
}

// The one spelling of a target that all others of it are decoded to.
std::string normal_form(const http::target& from) {
    std::string out;
    for (const auto& segment : from.path) {
        out += '/';
        append_escaped(out, segment);
    }
    if (from.path.empty() || from.trailing_slash) out += '/';
    char separator = '?';
    for (const auto& [name, value] : from.query) {
        out += std::exchange(separator, '&');
        append_escaped(out, name);
        out += '=';
        append_escaped(out, value);
    }
    return out;
}

void check_path(const http::target& from, std::string_view raw) {
    for (const auto& segment : from.path) {
        require(segment != "." && segment != "..", "no segment leads elsewhere", raw);
        for (const unsigned char byte : segment)
            require(!std::iscntrl(byte), "no segment has a control character", raw);
    }
    for (const auto& [name, value] : from.query)
        require((name + value).find('\0') == std::string::npos, "no parameter has a zero byte", raw);
}

// Whatever the method, a path is of the same routes.
void check_routes(const http::router& routes, const http::target& from, std::string_view raw) {
    http::request asked;
    asked.path = from.path;
    std::string found, allowed;
    bool none = false;
    for (const auto method : methods) {
        asked.verb = method;
        const auto outcome = routes.find(asked);
        if (const auto* match = std::get_if<http::router::match>(&outcome)) {
            found += std::string(http::to_string(method)) + ", ";
            for (const auto& value : match->values)
                require(!value.empty(), "the name of a pattern has a value", raw);
        } else if (const auto* wrong = std::get_if<http::router::wrong_method>(&outcome)) {
            require(allowed.empty() || allowed == wrong->allow, "Allow does not depend on the method", raw);
            allowed = wrong->allow;
        } else {
            none = true;
        }
    }
    require(!none || (found.empty() && allowed.empty()), "a path without routes has none for any method",
            raw);
    require(none || found.size() == allowed.size() + 2, "Allow names the methods that find a route",
            found + allowed);
}

}  // namespace
}  // namespace sparkgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sparkgate;
    const auto raw = fuzz::as_text(data, size);
    const auto parsed = http::parse_target(raw);
    if (!parsed) return 0;
    fuzz::check_path(*parsed, raw);
    const std::string normal = fuzz::normal_form(*parsed);
    const auto again = http::parse_target(normal);
    fuzz::require(again && again->path == parsed->path && again->query == parsed->query &&
                      again->trailing_slash == parsed->trailing_slash,
                  "the normal form means the same", normal);
    fuzz::require(fuzz::normal_form(*again) == normal, "the normal form is its own normal form", normal);
    fuzz::check_routes(fuzz::fresh_gateway().routes(), *parsed, raw);
    return 0;
}
