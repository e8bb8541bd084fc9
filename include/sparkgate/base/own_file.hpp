// Files and directories of the gateway that must not be what somebody else put in their place: never a link,
// a FIFO or a device, never another user's. Blocking; meant for local disks.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/base/unique_fd.hpp"

#include <filesystem>

namespace sparkgate {

// Opens a regular file of this user with `flags` of open(2), and creates it where there is none. It has mode
// 0600 then, also one that was there before. No link is followed and nothing is waited for. Errors:
// unavailable, no_space; one line that names the file and what is wrong with it.
result<unique_fd> open_private_file(const std::filesystem::path& file, int flags);

// For a file that somebody else opens: it is a regular file of this user, or there is none. Errors:
// unavailable.
result<void> check_private_file(const std::filesystem::path& file);

// Creates `directory` with mode 0700 where there is none, below a directory that exists. One that is there
// has to be this user's and no link. Errors: unavailable, no_space.
result<void> make_own_directory(const std::filesystem::path& directory);

}  // namespace sparkgate
