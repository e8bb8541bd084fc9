#include "sparkgate/process/spark_doors.hpp"

#include <algorithm>
#include <string_view>

namespace sparkgate::process {
namespace {

// Spark's own; the last one opens a port when Spark Connect runs inside the driver.
constexpr std::string_view addresses[] = {"spark.driver.bindAddress", "spark.driver.host",
                                          "spark.master.rest.host", "spark.connect.grpc.binding.address"};

constexpr std::string_view authentication[] = {"spark.authenticate",
                                               "spark.authenticate.secret",
                                               "spark.authenticate.secret.file",
                                               "spark.authenticate.secret.driver.file",
                                               "spark.authenticate.secret.executor.file",
                                               "spark.network.crypto.saslFallback"};

constexpr std::string_view acls[] = {"spark.acls.enable", "spark.ui.acls.enable", "spark.ui.filters"};

template <std::size_t Count>
bool contains(const std::string_view (&list)[Count], std::string_view key) {
    return std::find(std::begin(list), std::end(list), key) != std::end(list);
}

// Why a request cannot set the key; empty: it can.
std::string owner_of(std::string_view key, bool local, const door_rules& rules) {
    if (local && contains(addresses, key)) return "with a local master the server says where Spark listens";
    if (rules.authenticate && contains(authentication, key)) return "spark.authenticate is set by the server";
    const bool of_filter = key.starts_with("spark.") && key.ends_with("Filter.params");
    if (rules.ui_acls && (contains(acls, key) || of_filter)) return "spark.ui.acls is set by the server";
    return {};
}

// Lines that say something about the address that Spark listens on; not those that are commented out.
bool names_address(std::string_view script) {
    while (!script.empty()) {
        const auto line = script.substr(0, script.find('\n'));
        const auto begin = line.find_first_not_of(" \t");
        if (begin != std::string_view::npos && line[begin] != '#' &&
            (line.find("SPARK_LOCAL_IP") != std::string_view::npos ||
             line.find("SPARK_LOCAL_HOSTNAME") != std::string_view::npos))
            return true;
        script.remove_prefix(std::min(line.size() + 1, script.size()));
    }
    return false;
}

bool is_set(const std::map<std::string, std::string>& environment, const char* name) {
    const auto found = environment.find(name);
    return found != environment.end() && !found->second.empty();
}

std::string loopback(const std::map<std::string, std::string>& environment) {
    const auto six = environment.find("SPARK_PREFER_IPV6");  // a variable of Spark's
    return six != environment.end() && six->second == "true" ? "::1" : "127.0.0.1";
}

void listen_on(const std::string& address, door_settings& out) {
    out.environment["SPARK_LOCAL_IP"] = address;
    out.environment["SPARK_LOCAL_HOSTNAME"] = std::nullopt;  // it would count before the address
    const auto host = address.find(':') == std::string::npos ? address : "[" + address + "]";
    for (const auto key : {"spark.driver.bindAddress", "spark.driver.host"})
        out.defaults[key] = host;
    out.defaults["spark.connect.grpc.binding.address"] = address;
}

}  // namespace

bool is_local_master(const std::string& master) {
    return master.starts_with("local");
}

std::vector<std::string> close_doors(const std::string& master, const door_rules& rules,
                                     conf_map& requested) {
    std::vector<std::string> remarks;
    const bool local = is_local_master(master);
    std::erase_if(requested, [&](const auto& entry) {
        const auto why = owner_of(entry.first, local, rules);
        if (!why.empty()) remarks.push_back("conf " + entry.first + " has no effect: " + why);
        return !why.empty();
    });
    return remarks;
}

door_settings make_doors(const std::string& master, const door_rules& rules,
                         const std::map<std::string, std::string>& environment, const std::string& spark_env,
                         const std::string& secret) {
    door_settings out;
    const bool everywhere = rules.local_ip == "0.0.0.0" || rules.local_ip == "::";
    if (is_local_master(master) && !everywhere) {
        const bool said = is_set(environment, "SPARK_LOCAL_IP");
        if (!rules.local_ip.empty())
            listen_on(rules.local_ip, out);
        else if (!said && names_address(spark_env))
            out.environment["SPARK_LOCAL_IP"] = loopback(environment);  // for what the script leaves alone
        else if (!said)
            listen_on(loopback(environment), out);
    }
    if (rules.authenticate) {
        out.imposed["spark.authenticate"] = "true";
        // Elsewhere Spark makes one for each application, or (standalone) all have that of the cluster.
        if (master.starts_with("local-cluster")) out.imposed["spark.authenticate.secret"] = secret;
    }
    if (rules.ui_acls) out.imposed["spark.acls.enable"] = "true";
    return out;
}

}  // namespace sparkgate::process
