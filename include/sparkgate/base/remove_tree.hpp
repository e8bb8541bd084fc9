// Removes a directory in which hostile code has written. Blocking: not for an event loop.
#pragma once

#include "sparkgate/base/error.hpp"

#include <filesystem>

namespace sparkgate {

// Removes `path` and all below it; no error where it is not there. Follows no link, also not one that is put
// in the place of a directory meanwhile, goes into no other file system that is mounted below it, and into
// directories of any mode of ours. However deep the tree is, it takes few descriptors and little memory.
// Errors: unavailable, with the first thing that could not be removed; all else is gone then.
result<void> remove_tree(const std::filesystem::path& path);

}  // namespace sparkgate
