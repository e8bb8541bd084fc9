#include "state_directory.hpp"

#include "trusted_way.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/base/own_file.hpp"

#include <chrono>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
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

// A link is the operator's choice; where it leads has to be ours.
result<void> check_privacy(const std::filesystem::path& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) return io_error("cannot look at", path);
    if (found.st_uid != ::geteuid())
        return fail(errc::unavailable,
                    fmt::format("{} belongs to another user (uid {})", path.string(), found.st_uid));
    if ((found.st_mode & 077) != 0)
        return fail(errc::unavailable, fmt::format("{} is open to other users (mode {:04o}): chmod 700 it",
                                                   path.string(), found.st_mode & 07777));
    return {};
}

// The way is looked at twice: nothing is created where others could replace it, and what was created on it
// meanwhile by somebody else is noticed.
result<void> make_trusted_directory(const std::filesystem::path& path) {
    if (auto safe = check_way_to(path); !safe) return safe;
    if (auto made = make_private_directory(path); !made) return made;
    if (auto safe = check_way_to(path); !safe) return safe;
    return check_privacy(path);
}

error unusable(const error& why) {
    return fail(errc::unavailable, "state.dir cannot be used: " + why.message);
}

}  // namespace

result<state_directory> state_directory::open(const std::filesystem::path& path) {
    if (auto made = make_trusted_directory(path); !made) return unusable(made.error());
    for (const char* room : {"sessions", "batches", "run"})
        if (auto made = make_own_directory(path / room); !made) return unusable(made.error());
    auto lock = open_private_file(path / "lock", O_RDWR);
    if (!lock) return unusable(lock.error());
    if (!take(lock->get()))
        return fail(errc::unavailable, "state.dir " + path.string() + " is in use by another sparkgate");
    return state_directory(path, std::move(*lock));
}

}  // namespace sparkgate::app
