// Whether nobody else can put something of theirs in the place of a directory of ours.
#pragma once

#include "sparkgate/base/error.hpp"

#include <filesystem>

namespace sparkgate::app {

// Walks to `path` as the kernel would, over links, and stops where nothing exists. What lies on the way must
// be root's or ours, and directories in which others can create must be sticky (/tmp); a group of ours in
// which nobody else is, is not others. `path` itself is not looked at, unless it is a link. Errors:
// unavailable, one line that names the directory.
result<void> check_way_to(const std::filesystem::path& path);

}  // namespace sparkgate::app
