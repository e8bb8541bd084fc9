// Small files and directories of the gateway's own state. Blocking; meant for local disks.
#pragma once

#include "sparkgate/base/error.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace sparkgate {

// "cannot write /x: No space left on device", from errno: no_space where the disk is full, else unavailable.
error io_error(std::string_view what, const std::filesystem::path& path);

// Replaces `path` atomically (temporary file beside it, mode 0600, fsync, rename). Errors: unavailable,
// no_space.
result<void> write_file_atomically(const std::filesystem::path& path, std::string_view text);

// The same without fsync, for what a crash of the machine makes worthless: it may be empty after one. The
// event loop must not wait for a disk.
result<void> write_unsynced_file(const std::filesystem::path& path, std::string_view text);

// The whole file. Errors: not_found, unavailable; too_large above `limit` bytes. (Where a session may write:
// own_file.hpp.)
result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 16u << 20);

// What is left to be read of the open file `path`. Errors as read_file.
result<std::string> read_all(int fd, const std::filesystem::path& path, std::size_t limit);

// Creates `path` (and parents) with mode 0700. Errors: unavailable, no_space.
result<void> make_private_directory(const std::filesystem::path& path);

}  // namespace sparkgate
