// The file format of java.util.Properties, which spark-defaults.conf and --properties-file have. Pure; UTF-8.
#pragma once

#include "sparkgate/process/spark_request.hpp"

#include <string>
#include <string_view>

namespace sparkgate::process {

// Reads what java.util.Properties.load would; the last of several equal keys counts.
conf_map parse_properties(std::string_view text);

// One line a key, sorted. parse_properties and Java read back exactly the same. (Spark then cuts blanks at
// both ends of a value.)
std::string to_properties(const conf_map& conf);

}  // namespace sparkgate::process
