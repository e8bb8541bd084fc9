#include "keys.hpp"

#include <algorithm>
#include <utility>

namespace sparkgate::config {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
        }
    }
    return row[b.size()];
}

// Each <…> of the pattern is one or more characters.
bool matches(std::string_view pattern, std::string_view key) {
    const auto open = pattern.find('<');
    if (open == std::string_view::npos) return pattern == key;
    if (!key.starts_with(pattern.substr(0, open))) return false;
    const auto rest = pattern.substr(pattern.find('>') + 1);
    for (auto at = open + 1; at <= key.size(); ++at)
        if (matches(rest, key.substr(at))) return true;
    return false;
}

}  // namespace

std::string_view plain_key(std::string_view key) {
    for (const std::string_view prefix : {"livy.", "sparkgate."})
        if (key.starts_with(prefix)) return key.substr(prefix.size());
    return key;
}

const std::vector<old_name>& old_names() {
    static const std::vector<old_name> names{
        {"spark.deployMode", "spark.deploy-mode"},
        {"spark.scalaVersion", "spark.scala-version"},
        {"repl.enableHiveContext", "repl.enable-hive-context"},
        {"server.csrf_protection.enabled", "server.csrf-protection.enabled"},
        {"server.access_control.enabled", "server.access-control.enabled"},
        {"server.auth.kerberos.name_rules", "server.auth.kerberos.name-rules"},
        {"server.launch.kerberos.refresh_interval", "server.launch.kerberos.refresh-interval"},
        {"server.launch.kerberos.kinit_fail_threshold", "server.launch.kerberos.kinit-fail-threshold"},
        {"server.yarn.app-leakage.check_timeout", "server.yarn.app-leakage.check-timeout"},
        {"server.yarn.app-leakage.check_interval", "server.yarn.app-leakage.check-interval"},
        {"rsc.client.do_not_use.run_driver_in_process", "rsc.client.do-not-use.run-driver-in-process"},
        {"rsc.client.shutdown_timeout", "rsc.client.shutdown-timeout"},
        {"rsc.driver_class", "rsc.driver-class"},
        {"rsc.server.idle_timeout", "rsc.server.idle-timeout"},
        {"rsc.proxy_user", "rsc.proxy-user"},
        {"rsc.job_cancel.trigger_interval", "rsc.job-cancel.trigger-interval"},
        {"rsc.job_cancel.timeout", "rsc.job-cancel.timeout"},
        {"rsc.retained_statements", "rsc.retained-statements"},
        {"client.http.job.initial_poll_interval", "client.http.job.initial-poll-interval"},
        {"client.http.job.max_poll_interval", "client.http.job.max-poll-interval"},
    };
    return names;
}

std::string_view current_name(std::string_view key) {
    for (const auto& each : old_names())
        if (each.old == key) return each.now;
    return {};
}

const option* find_option(std::string_view key) {
    const auto found = std::ranges::find(options(), key, &option::key);
    return found == options().end() ? nullptr : &*found;
}

const livy_key* find_livy_key(std::string_view key) {
    const auto& all = livy_keys();
    const auto found =
        std::ranges::find_if(all, [&](const livy_key& each) { return matches(each.key, key); });
    return found == all.end() ? nullptr : &*found;
}

std::string nearest_key(std::string_view key) {
    key = plain_key(key);
    std::string_view nearest;
    std::size_t smallest = std::string_view::npos;
    auto consider = [&](std::string_view candidate) {
        if (const auto distance = edit_distance(key, candidate); distance < smallest) {
            smallest = distance;
            nearest = candidate;
        }
    };
    for (const auto& each : options())
        consider(each.key);
    for (const auto& each : livy_keys())
        consider(each.key);
    return std::string(nearest);
}

}  // namespace sparkgate::config
