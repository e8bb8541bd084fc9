#include "sparkgate/process/spark_submit.hpp"

namespace sparkgate::process {

namespace {

using conf_map = std::map<std::string, std::string>;

// The fields of a request that are one conf key each override that key.
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

// The request's list first, then what the conf key holds (Livy splits it at commas and blanks).
void merge_list(const std::vector<std::string>& list, const std::string& key, conf_map& conf) {
    if (list.empty()) return;
    std::string merged;
    const auto add = [&merged](std::string_view item) {
        if (item.empty()) return;
        if (!merged.empty()) merged += ',';
        merged += item;
    };
    for (const std::string& item : list)
        add(item);
    std::string_view rest = conf[key];
    while (!rest.empty()) {
        const auto end = rest.find_first_of(", ");
        add(rest.substr(0, end));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    conf[key] = merged;
}

bool is_yarn(const std::string& master) {
    return master == "yarn" || master.starts_with("yarn-");
}

conf_map effective_conf(const submit_settings& settings, const spark_request& request) {
    conf_map conf = request.conf;
    conf.insert(settings.defaults.begin(), settings.defaults.end());
    conf["spark.master"] = settings.master;
    if (settings.deploy_mode) conf["spark.submit.deployMode"] = *settings.deploy_mode;
    apply_fields(request, conf);

    const bool yarn = is_yarn(settings.master);
    merge_list(request.jars, "spark.jars", conf);
    merge_list(request.files, "spark.files", conf);
    merge_list(request.py_files, "spark.submit.pyFiles", conf);
    // Livy always uses the YARN key, so that elsewhere archives never arrive. spark.archives is what the
    // other masters read (Spark 3.1 and later).
    merge_list(request.archives, yarn ? "spark.yarn.dist.archives" : "spark.archives", conf);

    // Given twice, as option and as conf, the two must agree.
    if (request.queue && yarn) conf["spark.yarn.queue"] = *request.queue;
    if (request.name) conf.erase("spark.app.name");
    return conf;
}

}  // namespace

std::vector<std::string> spark_submit_command(const submit_settings& settings, const spark_request& request,
                                              const std::string& primary_resource,
                                              const std::vector<std::string>& arguments) {
    std::vector<std::string> argv{settings.spark_home + "/bin/spark-submit"};
    const auto option = [&argv](const char* name, const std::optional<std::string>& value) {
        if (!value) return;
        argv.emplace_back(name);
        argv.push_back(*value);
    };
    std::optional<std::string> py_files;
    for (const auto& [key, value] : effective_conf(settings, request)) {
        // The documented way for these is the option; Livy does the same.
        if (key == "spark.submit.pyFiles")
            py_files = value;
        else
            option("--conf", key + "=" + value);
    }
    option("--py-files", py_files);
    option("--queue", request.queue);
    option("--name", request.name);
    option("--class", request.class_name);
    option("--proxy-user", request.proxy_user);
    argv.push_back(primary_resource);
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return argv;
}

std::vector<std::string> child_environment(const std::map<std::string, std::string>& inherited,
                                           const std::map<std::string, std::optional<std::string>>& changes) {
    std::map<std::string, std::string> merged = inherited;
    for (const auto& [name, value] : changes) {
        if (value)
            merged[name] = *value;
        else
            merged.erase(name);
    }
    std::vector<std::string> out;
    out.reserve(merged.size());
    for (const auto& [name, value] : merged)
        out.push_back(name + "=" + value);
    return out;
}

}  // namespace sparkgate::process
