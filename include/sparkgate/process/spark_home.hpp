// Finds Spark on this machine. Blocking (starts a python in the last case): for start-up only.
#pragma once

#include "sparkgate/base/error.hpp"

#include <filesystem>
#include <string>

namespace sparkgate::process {

struct spark_installation {
    std::filesystem::path home;  // contains bin/spark-submit
    std::string python;  // for PYSPARK_PYTHON: the environment's, else the python of the virtual environment
                         // that the home belongs to, else python3
    std::string origin;  // "server.spark-home", "SPARK_HOME", "the pyspark package of python3"
};

// Tries `configured` (may be empty), the environment's SPARK_HOME, the pyspark package of the python3 in
// PATH. Errors: not_found with one line that says what to do; a home that is set but wrong is an error, not
// skipped.
result<spark_installation> find_spark(const std::string& configured);

}  // namespace sparkgate::process
