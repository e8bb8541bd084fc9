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
result<void> write_own_file(const std::filesystem::path& path, std::string_view text);

// The whole file. Errors: not_found, unavailable; too_large above `limit` bytes.
result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 16u << 20);

// Creates `path` (and parents) with mode 0700. Errors: unavailable, no_space.
result<void> make_private_directory(const std::filesystem::path& path);

}  // namespace sparkgate
