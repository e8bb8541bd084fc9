// Reads the configuration: defaults, then the file, then --set.
#pragma once

#include "sparkgate/config/settings.hpp"

#include <boost/system/result.hpp>

#include <optional>
#include <string>
#include <vector>

namespace sparkgate::config {

enum class problem { bad_key, bad_value, unreadable };

struct load_error {
    problem what;
    std::string message;  // one line
};

[[noreturn]] void throw_exception_from_error(const load_error& e, const boost::source_location& where);

// One line of `sparkgate config`.
struct effective_value {
    std::string key, value, default_value, origin;  // origin: "default", "FILE:LINE", "--set"
};

struct loaded {
    settings values;
    std::filesystem::path file;              // that was read; empty: none
    std::vector<effective_value> effective;  // in the table's order
    std::vector<std::string> warnings;       // unknown keys of the file, features that are not here
    std::vector<std::string> notes;          // old names, values that were cut, Livy's keys without effect
};

// `file` is in Livy's format: "key = value", "key: value" or "key value" a line, # begins a comment. An
// unknown key in the file is a warning, in `assignments` ("key=value", from --set) an error.
// A key of Livy that has no effect here is a note; it is an error where it asks for protection that is
// missing.
boost::system::result<loaded, load_error> load(const std::optional<std::filesystem::path>& file,
                                               const std::vector<std::string>& assignments);

}  // namespace sparkgate::config
