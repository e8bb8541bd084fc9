#include "orphan.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace sparkgate::shim {

namespace {

// Nobody is where the file cannot be opened; it has to stay so for the whole time.
bool server_is_there(const char* path) {
    const int fd = ::open(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return false;
    struct flock held {};
    held.l_type = F_WRLCK;
    const bool there = ::fcntl(fd, F_OFD_GETLK, &held) == 0 && held.l_type != F_UNLCK;
    ::close(fd);
    return there;
}

}  // namespace

bool orphan_watch::is_over(long long now_ms) {
    if (!needed()) return false;
    if (seen_ms_ < 0) seen_ms_ = now_ms;
    if (now_ms < next_look_ms_) return false;
    next_look_ms_ = now_ms + pause_ms() / 2;
    if (server_is_there(path_)) seen_ms_ = now_ms;
    return now_ms - seen_ms_ >= timeout_ms_;
}

}  // namespace sparkgate::shim
