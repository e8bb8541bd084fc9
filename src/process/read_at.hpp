#pragma once

#include <cstddef>
#include <cstdint>

namespace sparkgate::process {

// Reads up to `size` bytes at `offset`; fewer at the end of the file, 0 also on an error.
std::size_t read_at(int fd, char* buffer, std::size_t size, std::int64_t offset);

std::int64_t file_size(int fd);  // 0 when it cannot be told

}  // namespace sparkgate::process
