#include "sparkgate/process/spark_submit.hpp"

namespace sparkgate::process {
namespace {

// By which the application is found in the cluster manager, which also goes on when spark-submit ends.
void mark(const std::string& master, const std::string& tag, conf_map& conf) {
    if (is_yarn(master)) {
        std::string& tags = conf["spark.yarn.tags"];
        tags = tags.empty() ? tag : tag + "," + tags;
        conf["spark.yarn.submit.waitAppCompletion"] = "false";
    } else if (is_kubernetes(master)) {
        conf["spark.kubernetes.driver.label.spark-app-tag"] = tag;
        conf["spark.kubernetes.executor.label.spark-app-tag"] = tag;
        conf["spark.kubernetes.submission.waitAppCompletion"] = "false";
        conf["spark.ui.proxyBase"] = "/" + tag;
    }
}

std::optional<std::string> name_option(const spark_request& request, const submit_job& job) {
    if (request.name) return request.name;
    if (request.conf.contains("spark.app.name")) return {};
    return job.default_name;
}

}  // namespace

submission make_submission(const submit_settings& settings, const spark_request& request, conf_map prepared,
                           const conf_map& spark_defaults, const submit_job& job) {
    submission out;
    out.argv = {settings.spark_home + "/bin/spark-submit", "--properties-file", job.properties_file.string()};
    const auto option = [&out](const char* name, const std::optional<std::string>& value) {
        if (!value) return;
        out.argv.emplace_back(name);
        out.argv.push_back(*value);
    };
    const auto name = name_option(request, job);
    option("--name", name);
    option("--queue", request.queue);
    option("--class", request.class_name);
    option("--proxy-user", request.proxy_user);
    out.argv.push_back(job.primary_resource);
    out.argv.insert(out.argv.end(), job.arguments.begin(), job.arguments.end());

    const std::string& master = settings.rules.master;
    conf_map& conf = out.conf = std::move(prepared);
    conf.insert(spark_defaults.begin(), spark_defaults.end());
    conf.insert(job.doors.defaults.begin(), job.doors.defaults.end());
    conf.insert(settings.defaults.begin(), settings.defaults.end());
    conf["spark.master"] = master;
    if (settings.deploy_mode) conf["spark.submit.deployMode"] = *settings.deploy_mode;
    mark(master, job.app_tag, conf);
    for (const auto* imposed : {&job.imposed, &job.doors.imposed})
        for (const auto& [key, value] : *imposed)
            conf[key] = value;
    // Given twice, as option and as conf, the two must agree.
    if (request.queue && is_yarn(master)) conf["spark.yarn.queue"] = *request.queue;
    if (name) conf.erase("spark.app.name");
    return out;
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
