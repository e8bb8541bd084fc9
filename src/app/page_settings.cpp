#include "page_settings.hpp"

#include "sparkgate/base/host_names.hpp"

#include <algorithm>

namespace sparkgate::app {
namespace {

// Whether requests need something that a browser does not add to those of any page that is open in it. (To
// one of another name, which leads to our address, it would not show its certificate: ours has not that
// name.)
bool needs_credential(const config::settings& s) {
    return s.tls_client_auth == "required";
}

result<void> check_list(const char* key, const std::vector<std::string>& list, bool (*fits)(std::string_view),
                        const char* expected) {
    const auto bad = std::find_if(list.begin(), list.end(), [fits](const auto& each) { return !fits(each); });
    if (bad == list.end()) return {};
    return fail(errc::invalid_argument,
                std::string(key) + ": expected " + expected + ", not \"" + *bad + "\"");
}

bool is_host_rule_or_any(std::string_view text) {
    return text == "*" || http::is_host_rule(text);
}

}  // namespace

result<http::page_rules> page_rules(const config::settings& s) {
    if (auto fit = check_list("server.allowed-hosts", s.allowed_hosts, is_host_rule_or_any,
                              "names without scheme and port, such as gate.example.org, or *");
        !fit)
        return fit.error();
    if (auto fit = check_list("server.allowed-origins", s.allowed_origins, http::is_origin_rule,
                              "each origin by itself, without a path, such as https://notebook.example.org");
        !fit)
        return fit.error();
    http::page_rules out;
    out.origins = s.allowed_origins;
    auto hosts = s.allowed_hosts;
    const bool any =
        hosts.empty() ? needs_credential(s) : std::find(hosts.begin(), hosts.end(), "*") != hosts.end();
    if (any) return out;
    hosts.push_back(s.server_host);
    for (auto list : {own_host_names(), own_addresses()})
        hosts.insert(hosts.end(), list.begin(), list.end());
    out.hosts = std::move(hosts);
    return out;
}

}  // namespace sparkgate::app
