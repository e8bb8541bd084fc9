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
    std::vector<std::string> warnings;       // unknown keys of the file, with the nearest known key
};

// `file` is in Livy's format: "key = value", "key: value" or "key value" a line, # begins a comment. An
// unknown key in the file is a warning, in `assignments` ("key=value", from --set) an error.
boost::system::result<loaded, load_error> load(const std::optional<std::filesystem::path>& file,
                                               const std::vector<std::string>& assignments);

// The table as Markdown, for docs/configuration.md.
std::string markdown_table();

}  // namespace sparkgate::config
