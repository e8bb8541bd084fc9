// Builds the command line, conf and environment of spark-submit. Pure: no file is touched.
// Source of the mapping: Livy's SparkProcessBuilder, SparkApp and InteractiveSession.
#pragma once

#include "sparkgate/base/redaction.hpp"
#include "sparkgate/process/spark_conf.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sparkgate::process {

// What the server says about every start.
struct submit_settings {
    std::string spark_home;
    std::filesystem::path conf_dir;          // Spark's, with spark-defaults.conf
    conf_rules rules;                        // and the master, which overrides the request's conf
    std::optional<std::string> deploy_mode;  // client, cluster; overrides the request's conf
    conf_map defaults;                       // conf where neither request nor spark-defaults.conf has any
    redactor redaction;                      // what is shown to nobody
};

// What is started: the part in which a session differs from a batch.
struct submit_job {
    std::string app_tag;                      // marks the application in the cluster manager
    std::optional<std::string> default_name;  // where neither the request nor its conf has a name
    conf_map imposed;                         // overrides the request's conf
    door_settings doors;
    std::string primary_resource;
    std::vector<std::string> arguments;
    std::filesystem::path properties_file;
};

struct submission {
    std::vector<std::string> argv;
    conf_map conf;  // for the properties file
};

// argv is spark_home/bin/spark-submit --properties-file F [--name N] [--queue Q] [--class C] [--proxy-user U]
// resource arguments…: no conf, since everybody on the host can read an argument. `spark_defaults` is the
// content of spark-defaults.conf, which spark-submit leaves out when it is given a properties file;
// `prepared` is prepare_conf's.
submission make_submission(const submit_settings& settings, const spark_request& request, conf_map prepared,
                           const conf_map& spark_defaults, const submit_job& job);

// `inherited` with `changes` applied (an empty optional removes a variable), as KEY=value, sorted.
std::vector<std::string> child_environment(const std::map<std::string, std::string>& inherited,
                                           const std::map<std::string, std::optional<std::string>>& changes);

}  // namespace sparkgate::process
