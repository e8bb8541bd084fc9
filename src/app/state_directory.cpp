#include "state_directory.hpp"

#include "sparkgate/base/files.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>

namespace sparkgate::app {

result<state_directory> state_directory::open(const std::filesystem::path& path) {
    for (const auto& each : {path, path / "sessions", path / "batches", path / "run"})
        if (auto made = make_private_directory(each); !made)
            return fail(errc::unavailable, "state.dir cannot be used: " + made.error().message);
    const auto lock_path = path / "lock";
    unique_fd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock)
        return system_error(errc::unavailable, "state.dir cannot be used: cannot open " + lock_path.string(),
                            errno);
    // The second lock can be looked at without taking it, which is how shims know that a server is there.
    struct flock all {};
    all.l_type = F_WRLCK;
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0 || ::fcntl(lock.get(), F_OFD_SETLK, &all) != 0)
        return fail(errc::unavailable, "state.dir " + path.string() + " is in use by another sparkgate");
    return state_directory(path, std::move(lock));
}

}  // namespace sparkgate::app
