// What the server's configuration, environment and files say about every start of Spark. Read once, at start.
#pragma once

#include "sparkgate/config/load.hpp"
#include "sparkgate/process/spark_home.hpp"
#include "sparkgate/process/spark_submit.hpp"

namespace sparkgate::app {

// Reads the list of forbidden conf keys and Hadoop's core-site.xml (HADOOP_CONF_DIR, else YARN_CONF_DIR).
// Errors: one line that names the file.
result<process::submit_settings> load_submit_settings(const config::loaded& configuration,
                                                      const process::spark_installation& spark,
                                                      const std::map<std::string, std::string>& environment);

}  // namespace sparkgate::app
