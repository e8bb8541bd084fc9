// Which files a request may name, and where a path without a scheme lies.
// Source of rules and texts: Livy's Session.resolveURIs.
#pragma once

#include "sparkgate/base/error.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace sparkgate::process {

struct file_rules {
    std::string default_fs = "file:///";                   // Hadoop's fs.defaultFS
    std::vector<std::filesystem::path> local_directories;  // local files must lie in one of them
    std::vector<std::string> list_keys;                    // conf keys that hold lists, besides Spark's own
};

// `uri` with the default file system's prefix where it has no scheme. A local file ("file:", "local:") is
// refused unless it lies
// in an allowed directory: by its name, "." and ".." taken out, and by what symbolic links make of that name
// (unlike Livy: a link inside that leads outside is a way out). Looks at the local directories' links only.
// Errors: invalid_argument in Livy's words.
result<std::string> resolve_file(const std::string& uri, const file_rules& rules);

// Whether a request may name this file of this host: an absolute one lies in an allowed directory, any other
// one stays in the working directory, which is the session's own.
bool is_harmless_path(const std::string& path, const file_rules& rules);

}  // namespace sparkgate::process
