#include "state_directory.hpp"

#include "sparkgate/base/files.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>

namespace sparkgate::app {
namespace {

constexpr std::chrono::milliseconds patience{1000}, pause{10};

// The second lock can be looked at without taking it, which is how shims know that a server is there.
bool try_both(int fd) {
    struct flock all {};
    all.l_type = F_WRLCK;
    return ::flock(fd, LOCK_EX | LOCK_NB) == 0 && ::fcntl(fd, F_OFD_SETLK, &all) == 0;
}

// A server that was killed while it started a shim leaves the lock for a moment to that new process.
bool take(int fd) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!try_both(fd)) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(pause);
    }
    return true;
}

}  // namespace

result<state_directory> state_directory::open(const std::filesystem::path& path) {
    for (const auto& each : {path, path / "sessions", path / "batches", path / "run"})
        if (auto made = make_private_directory(each); !made)
            return fail(errc::unavailable, "state.dir cannot be used: " + made.error().message);
    const auto lock_path = path / "lock";
    unique_fd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock)
        return system_error(errc::unavailable, "state.dir cannot be used: cannot open " + lock_path.string(),
                            errno);
    if (!take(lock.get()))
        return fail(errc::unavailable, "state.dir " + path.string() + " is in use by another sparkgate");
    return state_directory(path, std::move(lock));
}

}  // namespace sparkgate::app
