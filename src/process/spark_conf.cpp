#include "sparkgate/process/spark_conf.hpp"

#include "conf_values.hpp"

#include <algorithm>

namespace sparkgate::process {
namespace {

using string_list = std::vector<std::string>;

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

// Livy always uses the YARN key, so that elsewhere archives never arrive; spark.archives is what the other
// masters read (Spark 3.1 and later).
std::map<std::string, string_list> lists_of(const spark_request& request, const std::string& master) {
    return {{"spark.jars", request.jars},
            {"spark.files", request.files},
            {"spark.submit.pyFiles", request.py_files},
            {is_yarn(master) ? "spark.yarn.dist.archives" : "spark.archives", request.archives}};
}

// The fields that are one conf key each.
conf_map fields_of(const spark_request& request) {
    conf_map out;
    const auto set = [&out](const char* key, const std::optional<std::string>& value) {
        if (value) out[key] = *value;
    };
    const auto set_number = [&out](const char* key, const std::optional<int>& value) {
        if (value) out[key] = std::to_string(*value);
    };
    set("spark.driver.memory", request.driver_memory);
    set("spark.executor.memory", request.executor_memory);
    set_number("spark.driver.cores", request.driver_cores);
    set_number("spark.executor.cores", request.executor_cores);
    set_number("spark.executor.instances", request.num_executors);
    return out;
}

// Every key that the request sets, be it in its conf or by a field.
std::set<std::string> keys_of(const spark_request& request, const std::string& master) {
    std::set<std::string> out;
    for (const auto& [key, value] : request.conf)
        out.insert(key);
    for (const auto& [key, value] : fields_of(request))
        out.insert(key);
    for (const auto& [key, list] : lists_of(request, master))
        if (!list.empty()) out.insert(key);
    if (request.name) out.insert("spark.app.name");
    if (request.queue) out.insert("spark.yarn.queue");
    return out;
}

// Under each of its names a key is the same one.
result<void> refuse_forbidden(const spark_request& request, const conf_rules& rules) {
    std::set<std::string_view> forbidden;
    for (const auto& key : rules.forbidden)
        forbidden.insert(canonical_conf_key(key));
    std::string found;
    for (const auto& key : keys_of(request, rules.master))
        if (forbidden.contains(canonical_conf_key(key))) found += (found.empty() ? "" : ", ") + key;
    if (found.empty()) return {};
    return fail(errc::invalid_argument, "Blacklisted configuration values in session config: " + found);
}

result<void> resolve_lists(const spark_request& request, const conf_rules& rules, conf_map& conf) {
    auto lists = lists_of(request, rules.master);
    for (const auto& key : rules.files.list_keys)
        lists.try_emplace(key);
    for (const auto& [key, value] : conf)
        if (const auto* row = find_conf_key(key); row && row->sort == value_sort::file_list)
            lists.try_emplace(key);
    for (const auto& [key, list] : lists)
        if (auto resolved = resolve_list(list, key, conf, rules.files); !resolved) return resolved;
    return {};
}

result<void> check_values(const conf_map& conf, const conf_rules& rules) {
    const bool cluster_is_here = is_local_master(rules.master);
    for (const auto& [key, value] : conf) {
        const auto* row = find_conf_key(key);
        if (!row || (row->reader == value_reader::cluster && !cluster_is_here)) continue;
        if (auto allowed = check_conf_value(key, value, row->sort, rules.files); !allowed) return allowed;
    }
    return {};
}

}  // namespace

bool is_yarn(const std::string& master) {
    return master == "yarn" || master.starts_with("yarn-");
}

bool is_kubernetes(const std::string& master) {
    return master.starts_with("k8s://");
}

result<prepared_conf> prepare_conf(const spark_request& request, const conf_rules& rules) {
    if (auto allowed = refuse_forbidden(request, rules); !allowed) return allowed.error();
    prepared_conf out{request.conf, {}, {}};
    if (auto resolved = resolve_lists(request, rules, out.conf); !resolved) return resolved.error();
    std::erase_if(out.conf, [&out](const auto& entry) {
        const bool foreign = !entry.first.starts_with("spark.");
        if (foreign) out.left_out.push_back(entry.first);
        return foreign;
    });
    for (const auto& [key, value] : fields_of(request))
        out.conf[key] = value;
    out.remarks = close_doors(rules.master, rules.doors, out.conf);
    if (auto allowed = check_values(out.conf, rules); !allowed) return allowed.error();
    return out;
}

}  // namespace sparkgate::process
