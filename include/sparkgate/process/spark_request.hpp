// What a client may ask Spark for, in a session or a batch. Field names as on the wire.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sparkgate::process {

using conf_map = std::map<std::string, std::string>;

struct spark_request {
    std::optional<std::string> name, proxy_user, queue, class_name;
    std::optional<std::string> driver_memory, executor_memory;
    std::optional<int> driver_cores, executor_cores, num_executors;
    std::vector<std::string> jars, py_files, files, archives;
    conf_map conf;
};

}  // namespace sparkgate::process
