#include "log_limit.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace sparkgate::shim {

namespace {

// Holes consist of whole blocks; this is a multiple of every file system's.
constexpr long long unit = 64 << 10;

}  // namespace

// Half of the limit is the beginning, which stays; the rest is for the end, of which a quarter stays when it
// is cut, so that the hole grows in large steps.
void log_limit::apply() {
    struct stat found {};
    if (!needed() || ::fstat(log_, &found) != 0) return;
    const long long begin = (bytes_ / 2 + unit - 1) / unit * unit;
    const long long from = hole_end_ != 0 ? hole_end_ : begin;
    if (found.st_size - from <= bytes_ / 2) return;
    const long long end = (found.st_size - bytes_ / 4) / unit * unit;
    if (end <= from) return;
    if (::fallocate(log_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, end - from) != 0) {
        bytes_ = 0;
        return;
    }
    hole_end_ = end;
}

}  // namespace sparkgate::shim
