#include "http/request_head.hpp"

#include "http/target.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <cctype>

namespace sparkgate::http {
namespace {

namespace beast = boost::beast;

constexpr method all_methods[] = {method::get,   method::head,    method::post,   method::put,
                                  method::patch, method::delete_, method::options};

// Method names are case-sensitive on the request line; the override headers are not.
std::optional<method> method_of(std::string_view name, bool exact) {
    for (const auto each : all_methods)
        if (exact ? to_string(each) == name : beast::iequals(to_string(each), name)) return each;
    return std::nullopt;
}

void copy_fields(const request_header& header, request& out) {
    out.headers.reserve(16);
    for (const auto& each : header) {
        std::string name(each.name_string());
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return std::tolower(c); });
        out.headers.emplace_back(std::move(name), std::string(each.value()));
    }
}

const std::string* override_of(const request& from) {
    if (const auto* name = from.parameter("_method")) return name;
    for (const auto header : {"x-http-method-override", "x-http-method", "x-method-override"})
        if (const auto* name = from.header(header)) return name;
    return nullptr;
}

// A POST may say that it means another method (clients behind proxies). HEAD becomes GET: the framing of the
// answer is the business of the method on the wire.
std::optional<refusal> apply_override(request& out) {
    if (out.verb != method::post) return std::nullopt;
    const auto* name = override_of(out);
    if (!name) return std::nullopt;
    const auto meant = method_of(*name, false);
    if (!meant) return refusal{501, "unknown method in the method override"};
    out.verb = *meant == method::head ? method::get : *meant;
    return std::nullopt;
}

std::optional<refusal> read_target(request& out) {
    if (out.target == "*" && out.verb == method::options) return std::nullopt;
    auto parsed = parse_target(out.target);
    if (!parsed) return refusal{400, parsed.error().message};
    const auto* host = out.header("host");
    if (!parsed->authority.empty()) {
        if (!is_host(parsed->authority)) return refusal{400, "the request target names no host"};
        if (host && normal_authority(*host) != parsed->authority)
            return refusal{400, "Host differs from the request target"};
        if (!host) out.headers.emplace_back("host", parsed->authority);
    }
    out.path = std::move(parsed->path);
    out.trailing_slash = parsed->trailing_slash;
    out.query = std::move(parsed->query);
    return std::nullopt;
}

}  // namespace

void introduce(const request_header& header, request& out) {
    if (const auto verb = method_of(header.method_string(), true)) out.verb = out.sent_verb = *verb;
    out.target = header.target();
    out.version = header.version();
    const auto id = header.find("X-Request-Id");
    if (id != header.end()) out.id = client_request_id(id->value());
}

std::optional<refusal> read_head(const request_header& header, std::size_t max_target, request& out) {
    if (header.method_string() != to_string(out.sent_verb)) return refusal{501, "unknown method"};
    if (header.target().size() > max_target) return refusal{414, "the request target is too long"};
    copy_fields(header, out);
    if (auto no = read_target(out)) return no;
    return apply_override(out);
}

std::string_view client_request_id(std::string_view id) {
    if (id.size() > 64) return {};
    const bool fit = std::all_of(id.begin(), id.end(), [](unsigned char c) {
        return c < 0x80 && (std::isalnum(c) || c == '.' || c == '_' || c == '-');
    });
    return fit ? id : std::string_view{};
}

}  // namespace sparkgate::http
