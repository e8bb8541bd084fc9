// What the gateway has to know of Hadoop's configuration. Blocking (reads one file): for start-up only.
#pragma once

#include "sparkgate/base/error.hpp"

#include <filesystem>
#include <string>

namespace sparkgate::process {

// fs.defaultFS (or its old name, fs.default.name) of `directory`/core-site.xml; "file:///", Hadoop's own
// default, if there is no such file or it does not say. Errors: unavailable, invalid_argument (not XML).
result<std::string> default_file_system(const std::filesystem::path& directory);

}  // namespace sparkgate::process
