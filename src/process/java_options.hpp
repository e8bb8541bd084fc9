// Which options of a JVM's command line a request may set. Pure but for the links that file_rules look at.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/process/file_rules.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sparkgate::process {

// As Spark's launcher splits the text: at blanks, with quotes and escapes. Nothing where a quote is not
// closed.
std::optional<std::vector<std::string>> split_java_options(std::string_view text);

// Passes system properties, sizes, collectors, modules and the like. Refused are agents, commands, files with
// further options, another class path or main class, doors (JMX), properties of Spark (conf by another way),
// and values that name a file of this host which the rules refuse.
// Errors: invalid_argument, which names the option without its value.
result<void> check_java_options(const std::string& text, const file_rules& rules);

}  // namespace sparkgate::process
