// The hole that the shim makes in an output.log that grew too large (--log-limit), and the line that stands
// for it when the log is read.
#pragma once

#include "sparkgate/process/log_index.hpp"

#include <cstdint>
#include <string>

namespace sparkgate::process {

// The only hole of a file of this size that is only appended to. A file system that knows none has none.
log_hole find_hole(int fd, std::int64_t size);

// Where the text behind the next `count` newlines begins; `limit` when there are fewer before it.
std::int64_t after_newlines(int fd, std::int64_t offset, std::int64_t limit, std::int64_t count);

// Stands for the removed lines; with newline.
std::string removal_line(std::int64_t removed_bytes);

}  // namespace sparkgate::process
