#include "sparkgate/process/spark_conf.hpp"

#include <algorithm>

namespace sparkgate::process {
namespace {

using string_list = std::vector<std::string>;

constexpr std::string_view list_keys[] = {
    "spark.jars",
    "spark.files",
    "spark.submit.pyFiles",
    "spark.archives",
    "spark.yarn.archive",
    "spark.yarn.dist.archives",
    "spark.yarn.dist.files",
    "spark.yarn.dist.jars",
    "spark.yarn.jar",
    "spark.yarn.jars",
};

result<void> refuse_forbidden(const conf_map& conf, const std::set<std::string>& forbidden) {
    std::string found;
    for (const auto& [key, value] : conf)
        if (forbidden.contains(key)) found += (found.empty() ? "" : ", ") + key;
    if (found.empty()) return {};
    return fail(errc::invalid_argument, "Blacklisted configuration values in session config: " + found);
}

string_list split(std::string_view text, std::string_view separators) {
    string_list out;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(separators), text.size());
        if (end > 0) out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

result<void> resolve_list(const string_list& from_request, const std::string& key, conf_map& conf,
                          const file_rules& rules) {
    string_list uris;
    for (const auto& item : from_request) {
        // Spark splits the joined list at commas: what follows one is a file of its own.
        auto parts = split(item, ",");
        if (parts.empty()) parts = {item};
        uris.insert(uris.end(), parts.begin(), parts.end());
    }
    if (const auto found = conf.find(key); found != conf.end())
        for (auto& uri : split(found->second, ", "))
            uris.push_back(std::move(uri));
    std::string joined;
    for (const auto& uri : uris) {
        const auto resolved = resolve_file(uri, rules);
        if (!resolved) return resolved.error();
        joined += (joined.empty() ? "" : ",") + *resolved;
    }
    if (!joined.empty()) conf[key] = joined;
    return {};
}

result<void> resolve_lists(const spark_request& request, const conf_rules& rules, conf_map& conf) {
    // Livy always uses the YARN key, so that elsewhere archives never arrive; spark.archives is what the
    // other masters read (Spark 3.1 and later).
    std::map<std::string, string_list> lists{
        {"spark.jars", request.jars},
        {"spark.files", request.files},
        {"spark.submit.pyFiles", request.py_files},
        {is_yarn(rules.master) ? "spark.yarn.dist.archives" : "spark.archives", request.archives}};
    for (const auto key : list_keys)
        lists.try_emplace(std::string(key));
    for (const auto& key : rules.files.list_keys)
        lists.try_emplace(key);
    for (const auto& [key, list] : lists)
        if (auto resolved = resolve_list(list, key, conf, rules.files); !resolved) return resolved;
    return {};
}

// The fields that are one conf key each.
void apply_fields(const spark_request& request, conf_map& conf) {
    const auto set = [&conf](const char* key, const std::optional<std::string>& value) {
        if (value) conf[key] = *value;
    };
    const auto set_number = [&conf](const char* key, const std::optional<int>& value) {
        if (value) conf[key] = std::to_string(*value);
    };
    set("spark.driver.memory", request.driver_memory);
    set("spark.executor.memory", request.executor_memory);
    set_number("spark.driver.cores", request.driver_cores);
    set_number("spark.executor.cores", request.executor_cores);
    set_number("spark.executor.instances", request.num_executors);
}

}  // namespace

bool is_yarn(const std::string& master) {
    return master == "yarn" || master.starts_with("yarn-");
}

bool is_kubernetes(const std::string& master) {
    return master.starts_with("k8s://");
}

result<prepared_conf> prepare_conf(const spark_request& request, const conf_rules& rules) {
    if (auto allowed = refuse_forbidden(request.conf, rules.forbidden); !allowed) return allowed.error();
    prepared_conf out{request.conf, {}};
    if (auto resolved = resolve_lists(request, rules, out.conf); !resolved) return resolved.error();
    std::erase_if(out.conf, [&out](const auto& entry) {
        const bool foreign = !entry.first.starts_with("spark.");
        if (foreign) out.left_out.push_back(entry.first);
        return foreign;
    });
    apply_fields(request, out.conf);
    return out;
}

}  // namespace sparkgate::process
