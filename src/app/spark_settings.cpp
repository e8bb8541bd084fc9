#include "spark_settings.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/process/hadoop_conf.hpp"
#include "sparkgate/process/java_properties.hpp"

#include <spdlog/spdlog.h>

namespace sparkgate::app {
namespace {

using environment_map = std::map<std::string, std::string>;

// The first of these variables that is not empty; "" if none is.
std::string first_set(const environment_map& environment, std::initializer_list<const char*> names) {
    for (const char* name : names)
        if (const auto found = environment.find(name); found != environment.end() && !found->second.empty())
            return found->second;
    return {};
}

// One key a line; Livy's file is a properties file of which only the keys count.
result<std::set<std::string>> forbidden_keys(const config::loaded& configuration) {
    const config::settings& s = configuration.values;
    std::set<std::string> out;
    // With them a request's jars could run inside spark-submit itself, as the gateway's user.
    if (!s.allow_custom_classpath)
        out = {"spark.submit.deployMode", "spark.submit.proxyUser.allowCustomClasspathInClusterMode"};
    auto path = s.conf_blacklist;
    const bool named = !path.empty();
    if (!named && configuration.file.empty()) return out;
    if (!named) path = configuration.file.parent_path() / "spark-blacklist.conf";
    const auto text = read_file(path);
    if (!text && text.error().code == errc::not_found && !named) return out;
    if (!text) return text.error();
    for (const auto& [key, ignored] : process::parse_properties(*text))
        out.insert(key);
    return out;
}

// The operator's own rule of what is secret. One that cannot be read is Spark's to complain about.
void add_redaction(process::submit_settings& to) {
    const auto text = read_file(to.conf_dir / "spark-defaults.conf");
    if (!text) return;
    const auto defaults = process::parse_properties(*text);
    const auto own = defaults.find("spark.redaction.regex");
    if (own == defaults.end() || to.redaction.add(own->second)) return;
    spdlog::warn(
        "spark.redaction.regex of spark-defaults.conf has what this server does not understand: "
        "its answers hide what Spark hides by default");
}

// What Spark gets unless somebody says otherwise.
process::conf_map spark_defaults() {
    return {
        // Many drivers on one host would fight for 4040 and the 16 ports after it.
        {"spark.ui.port", "0"},
        {"spark.ui.showConsoleProgress", "false"},
    };
}

}  // namespace

result<process::submit_settings> load_submit_settings(const config::loaded& configuration,
                                                      const process::spark_installation& spark,
                                                      const environment_map& environment) {
    const config::settings& s = configuration.values;
    process::submit_settings out;
    out.spark_home = spark.home.string();
    const auto spark_conf = first_set(environment, {"SPARK_CONF_DIR"});
    out.conf_dir = spark_conf.empty() ? spark.home / "conf" : std::filesystem::path(spark_conf);
    if (!s.spark_deploy_mode.empty()) out.deploy_mode = s.spark_deploy_mode;
    out.defaults = spark_defaults();

    out.rules.master = s.spark_master;
    out.rules.files.local_directories = s.local_dir_whitelist;
    out.rules.files.list_keys = s.file_list_configs;
    out.rules.doors = {s.spark_local_ip, s.spark_authenticate, s.spark_ui_acls};
    add_redaction(out);
    auto forbidden = forbidden_keys(configuration);
    if (!forbidden) return forbidden.error();
    out.rules.forbidden = std::move(*forbidden);
    const auto hadoop_conf = first_set(environment, {"HADOOP_CONF_DIR", "YARN_CONF_DIR"});
    if (hadoop_conf.empty()) return out;
    auto file_system = process::default_file_system(hadoop_conf);
    if (!file_system) return file_system.error();
    out.rules.files.default_fs = std::move(*file_system);
    return out;
}

}  // namespace sparkgate::app
