// Files and directories of ours that must not be what somebody else put in their place: never a link, a FIFO
// or a device, never another user's. What a session runs has our user and knows the directory of its session:
// it may put anything there, at any time. So no open here waits, and none follows a link.
//
// Thread: any; no state. A call takes as long as a local disk does.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/base/unique_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace sparkgate {

// For what lies where sessions can write.

enum class own_access {
    read,
    append,  // read, and write at its end; made where it is not there, with mode 0600
    write,   // write anywhere; made likewise
};

// A regular file of this user, whose directory is no link either. Errors: not_found, no_space, unavailable;
// one line that names the file and what is wrong with it.
result<unique_fd> open_own_file(const std::filesystem::path& path, own_access how = own_access::read);

// The reading end of a FIFO. Errors as above.
result<unique_fd> open_own_fifo(const std::filesystem::path& path);

// The whole file. Errors as above; too_large above `limit` bytes, of which nothing is read.
result<std::string> read_own_file(const std::filesystem::path& path, std::size_t limit);

// Whether anything has that name, also a link that leads nowhere. True where that cannot be told.
bool is_taken(const std::filesystem::path& path);

// For the gateway's own places.

// Opens a regular file of this user with `flags` of open(2), and creates it where there is none. It has mode
// 0600 then, also one that was there before. Errors: unavailable, no_space, as above.
result<unique_fd> open_private_file(const std::filesystem::path& file, int flags);

// For a file that somebody else opens: it is a regular file of this user, or there is none. Errors:
// unavailable.
result<void> check_private_file(const std::filesystem::path& file);

// Creates `directory` with mode 0700 where there is none, below a directory that exists. One that is there
// has to be this user's and no link. Errors: unavailable, no_space.
result<void> make_own_directory(const std::filesystem::path& directory);

}  // namespace sparkgate
