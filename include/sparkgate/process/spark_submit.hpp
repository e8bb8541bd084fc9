// Builds the command line and environment of spark-submit. Pure: no file is touched.
// Source of the mapping: Livy's SparkProcessBuilder and InteractiveSession (master and deploy mode travel as
// conf).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sparkgate::process {

// What a client may ask for a session or batch, already checked.
struct spark_request {
    std::optional<std::string> name, proxy_user, queue, class_name;
    std::optional<std::string> driver_memory, executor_memory;
    std::optional<int> driver_cores, executor_cores, num_executors;
    std::vector<std::string> jars, py_files, files, archives;
    std::map<std::string, std::string> conf;
};

struct submit_settings {
    std::string spark_home;
    std::string master;                           // overrides the request's conf
    std::optional<std::string> deploy_mode;       // client, cluster; overrides the request's conf
    std::map<std::string, std::string> defaults;  // conf used where the request has none
};

// argv: spark_home/bin/spark-submit --conf k=v … (sorted by key) [--queue …] [--name …] primary args…
// Lists are merged with the same conf key, the request's list first. The request's memory, cores and executor
// fields override the same key in its conf.
std::vector<std::string> spark_submit_command(const submit_settings& settings, const spark_request& request,
                                              const std::string& primary_resource,
                                              const std::vector<std::string>& arguments);

// `inherited` with `changes` applied (an empty optional removes a variable), as KEY=value, sorted.
std::vector<std::string> child_environment(const std::map<std::string, std::string>& inherited,
                                           const std::map<std::string, std::optional<std::string>>& changes);

}  // namespace sparkgate::process
