#include "log_hole.hpp"

#include "read_at.hpp"

#include <cstring>
#include <unistd.h>

namespace sparkgate::process {
namespace {

constexpr std::size_t block_bytes = 64u << 10;
// The shim removes whole multiples of this; a smaller hole is not its work.
constexpr std::int64_t smallest_hole = 64 << 10;

}  // namespace

log_hole find_hole(int fd, std::int64_t size) {
    const auto begin = ::lseek(fd, 0, SEEK_HOLE);
    if (begin < 0 || begin >= size) return {};
    const auto data = ::lseek(fd, begin, SEEK_DATA);
    const auto end = data < 0 ? size : static_cast<std::int64_t>(data);  // nothing more: up to its end
    if (end - begin < smallest_hole) return {};
    return {begin, end};
}

std::int64_t after_newlines(int fd, std::int64_t offset, std::int64_t limit, std::int64_t count) {
    char block[block_bytes];
    while (count > 0 && offset < limit) {
        const std::size_t n = read_at(fd, block, sizeof block, offset);
        if (n == 0) break;
        const char* at = block;
        while (count > 0 &&
               (at = static_cast<const char*>(std::memchr(at, '\n', block + n - at))) != nullptr) {
            ++at;
            if (--count == 0) return offset + (at - block);
        }
        offset += static_cast<std::int64_t>(n);
    }
    return count > 0 ? limit : offset;
}

std::string removal_line(std::int64_t removed_bytes) {
    return "sparkgate: " + std::to_string(removed_bytes) +
           " bytes of output were removed here, the log had grown too large\n";
}

}  // namespace sparkgate::process
