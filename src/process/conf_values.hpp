// Checks the values of a request's conf that name files, commands and the like.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/process/conf_keys.hpp"
#include "sparkgate/process/file_rules.hpp"

#include <string>

namespace sparkgate::process {

// For a key of any sort but file_list, whose values are resolved instead. Spark cuts blanks at both ends of a
// value, and so does this.
// Errors: invalid_argument, which names the key; never the value, which may hold a secret, but for a path.
result<void> check_conf_value(const std::string& key, const std::string& value, value_sort sort,
                              const file_rules& rules);

}  // namespace sparkgate::process
