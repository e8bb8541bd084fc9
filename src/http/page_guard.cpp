#include "http/page_guard.hpp"

#include <boost/algorithm/string/case_conv.hpp>

#include <algorithm>
#include <cctype>

namespace sparkgate::http {
namespace {

using asio::ip::address;

struct host_and_port {
    std::string_view host, port;
};

host_and_port divide(std::string_view authority) {
    const auto colon = authority.rfind(':');
    if (colon == std::string_view::npos || authority.find(']', colon) != std::string_view::npos)
        return {authority, {}};
    return {authority.substr(0, colon), authority.substr(colon + 1)};
}

address plain(const address& from) {
    if (!from.is_v6()) return from;
    const auto v6 = from.to_v6();
    if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6);
    return asio::ip::address_v6(v6.to_bytes());  // without its zone
}

std::optional<address> address_in(std::string_view host) {
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.find(':') != std::string_view::npos) host = host.substr(0, host.find('%'));
    boost::system::error_code ec;
    const auto found = asio::ip::make_address(host, ec);
    if (ec) return std::nullopt;
    return plain(found);
}

std::string_view default_port(std::string_view scheme) {
    return scheme == "https" ? "443" : scheme == "http" ? "80" : "";
}

struct web_origin {
    std::string scheme, host, port;  // as one compares them; the port is never left out
    bool operator==(const web_origin&) const = default;
};

// The origin of what `scheme` is spoken with at this Host.
web_origin origin_at(std::string_view scheme, std::string_view authority) {
    const auto port = divide(authority).port;
    return {std::string(scheme), normal_host(authority),
            std::string(port.empty() ? default_port(scheme) : port)};
}

bool is_scheme(std::string_view text) {
    return !text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) {
               return c < 0x80 && (std::isalnum(c) || c == '+' || c == '-' || c == '.');
           });
}

// "null", which hidden pages and files send, is none.
std::optional<web_origin> parse_origin(std::string_view text) {
    const auto end = text.find("://");
    if (end == std::string_view::npos) return std::nullopt;
    const auto scheme = text.substr(0, end), authority = text.substr(end + 3);
    if (!is_scheme(scheme) || !is_host(authority)) return std::nullopt;
    return origin_at(boost::to_lower_copy(std::string(scheme)), authority);
}

std::string normal_origin(const web_origin& origin) {
    return origin.scheme + "://" + origin.host + ":" + origin.port;
}

// A proxy in front may speak TLS where this server does not, but not the other way round.
bool is_own(const web_origin& origin, const std::string* host, bool tls) {
    if (!host || (origin.scheme != "https" && (tls || origin.scheme != "http"))) return false;
    return origin == origin_at(origin.scheme, *host);
}

// What a message may repeat.
std::string shown(std::string_view text) {
    const bool fit = text.size() <= 200 && std::all_of(text.begin(), text.end(), [](char c) {
                         return c > ' ' && c < '\x7f' && c != '"';
                     });
    return fit ? std::string(text) : "…";
}

refusal foreign(std::string_view header, std::string_view value) {
    return {403, "the request comes from a web page of another site (" + std::string(header) + ": " +
                     shown(value) + "), and server.allowed-origins does not name that"};
}

// A link somewhere else to something here: the other page cannot read what its user gets to see.
bool follows_a_link(const request& what) {
    const auto says = [&what](std::string_view name, std::string_view value) {
        const auto* found = what.header(name);
        return found && *found == value;
    };
    return what.sent_verb == method::get && says("sec-fetch-mode", "navigate") &&
           says("sec-fetch-dest", "document");
}

constexpr std::string_view readable = "Location, X-Request-Id, Idempotent-Replay, Retry-After";

bool is_token_list(std::string_view text) {
    return text.size() <= 1024 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
               return c < 0x80 &&
                      (std::isalnum(c) || std::string_view("!#$%&'*+-.^_`|~, ").find(static_cast<char>(c)) !=
                                              std::string_view::npos);
           });
}

}  // namespace

bool is_host_rule(std::string_view text) {
    if (address_in(text)) return true;
    if (text.starts_with("*.")) text.remove_prefix(2);
    return is_host(text) && text.find('*') == std::string_view::npos && divide(text).port.empty() &&
           !text.ends_with(':');
}

bool is_origin_rule(std::string_view text) {
    return parse_origin(text) && text.find('*') == std::string_view::npos;
}

std::string normal_host(std::string_view authority) {
    if (const auto found = address_in(authority)) return found->to_string();
    auto host = divide(authority).host;
    if (const auto found = address_in(host)) return found->to_string();
    if (host.ends_with('.')) host.remove_suffix(1);
    return boost::to_lower_copy(std::string(host));
}

page_guard::page_guard(const page_rules& rules) : any_host_(!rules.hosts) {
    for (const auto& each : rules.hosts.value_or(std::vector<std::string>{})) {
        const bool all_below = each.starts_with("*.");
        auto& list = all_below ? suffixes_ : hosts_;
        list.push_back(normal_host(std::string_view(each).substr(all_below ? 1 : 0)));
    }
    suffixes_.emplace_back(".localhost");
    hosts_.emplace_back("localhost");
    for (const auto& each : rules.origins)
        if (const auto origin = parse_origin(each)) origins_.push_back(normal_origin(*origin));
}

bool page_guard::serves(std::string_view host) const {
    const auto below = [host](const std::string& suffix) { return host.ends_with(suffix); };
    return std::find(hosts_.begin(), hosts_.end(), host) != hosts_.end() ||
           std::any_of(suffixes_.begin(), suffixes_.end(), below);
}

std::optional<refusal> page_guard::check_host(std::string_view host, const address& reached_at) const {
    if (any_host_) return std::nullopt;
    const auto called = address_in(divide(host).host);
    if (called && (called->is_loopback() || *called == plain(reached_at))) return std::nullopt;
    if (serves(normal_host(host))) return std::nullopt;
    return refusal{403, "this server does not go by the name \"" + shown(divide(host).host) +
                            "\" (Host); server.allowed-hosts can name it"};
}

page_guard::verdict page_guard::check_page(const request& what, bool tls) const {
    const std::string *origin = nullptr, *site = nullptr;
    for (const auto& [name, value] : what.headers) {
        if (name == "sec-fetch-site" && value != "same-origin" && value != "none") site = &value;
        if (name != "origin") continue;
        if (origin) return {foreign("Origin", value), {}};
        origin = &value;
    }
    if (origin) {
        const auto parsed = parse_origin(*origin);
        const auto known = parsed ? normal_origin(*parsed) : std::string();
        if (std::find(origins_.begin(), origins_.end(), known) != origins_.end()) return {{}, *origin};
        if (!parsed || !is_own(*parsed, what.header("host"), tls)) return {foreign("Origin", *origin), {}};
    }
    if (site && !follows_a_link(what)) return {foreign("Sec-Fetch-Site", *site), {}};
    return {};
}

std::optional<response> preflight(const request& what, std::string_view methods) {
    if (what.sent_verb != method::options || !what.header("access-control-request-method"))
        return std::nullopt;
    response out;
    out.status = 204;
    out.content_type.clear();
    out.headers.emplace_back("Access-Control-Allow-Methods", methods);
    const auto* asked = what.header("access-control-request-headers");
    if (asked && is_token_list(*asked)) out.headers.emplace_back("Access-Control-Allow-Headers", *asked);
    const auto* near = what.header("access-control-request-private-network");
    if (near && *near == "true") out.headers.emplace_back("Access-Control-Allow-Private-Network", "true");
    out.headers.emplace_back("Access-Control-Max-Age", "7200");
    return out;
}

void show_to(std::string_view origin, response& answer) {
    answer.headers.emplace_back("Access-Control-Allow-Origin", origin);
    answer.headers.emplace_back("Access-Control-Allow-Credentials", "true");
    answer.headers.emplace_back("Access-Control-Expose-Headers", readable);
}

}  // namespace sparkgate::http
