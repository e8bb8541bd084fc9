#include "sparkgate/base/own_file.hpp"

#include "sparkgate/base/files.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace sparkgate {
namespace fs = std::filesystem;

namespace {

// Without O_NONBLOCK a FIFO would hold up the program; regular files do not know it.
constexpr int never_wait = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

error not_ours(const fs::path& path, const char* what_is_wrong) {
    return fail(errc::unavailable, path.string() + " " + what_is_wrong);
}

// `kind`: S_IFREG, S_IFDIR or S_IFIFO.
result<void> check(const fs::path& path, const struct stat& found, mode_t kind) {
    if (S_ISLNK(found.st_mode)) return not_ours(path, "is a link, which is not followed");
    if ((found.st_mode & S_IFMT) != kind)
        return not_ours(path, kind == S_IFDIR   ? "is not a directory"
                              : kind == S_IFIFO ? "is not a FIFO"
                                                : "is not a regular file");
    if (found.st_uid != ::geteuid()) return not_ours(path, "belongs to another user");
    return {};
}

// From errno.
error cannot_open(const fs::path& path) {
    if (errno == ENOENT) return system_error(errc::not_found, "cannot open " + path.string(), ENOENT);
    return io_error("cannot open", path);
}

int flags_of(own_access how) {
    switch (how) {
        case own_access::read:
            return O_RDONLY;
        case own_access::append:
            return O_RDWR | O_APPEND | O_CREAT;
        case own_access::write:
            return O_WRONLY | O_CREAT;
    }
    return O_RDONLY;
}

result<unique_fd> open_checked(const fs::path& path, int flags, mode_t kind) {
    const auto parent = path.parent_path();
    const unique_fd directory(
        ::open(parent.empty() ? "." : parent.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) return cannot_open(path);
    const auto name = path.filename();
    struct stat found {};
    // Looked at before: to open a device may already do something.
    if (::fstatat(directory.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0)
        if (auto ours = check(path, found, kind); !ours) return ours.error();
    unique_fd fd(::openat(directory.get(), name.c_str(), flags | never_wait, 0600));
    if (!fd) return cannot_open(path);
    if (::fstat(fd.get(), &found) != 0) return io_error("cannot open", path);
    if (auto ours = check(path, found, kind); !ours) return ours.error();
    return fd;
}

}  // namespace

result<unique_fd> open_own_file(const fs::path& path, own_access how) {
    return open_checked(path, flags_of(how), S_IFREG);
}

result<unique_fd> open_own_fifo(const fs::path& path) {
    return open_checked(path, O_RDONLY, S_IFIFO);
}

result<std::string> read_own_file(const fs::path& path, std::size_t limit) {
    const auto fd = open_own_file(path);
    if (!fd) return fd.error();
    struct stat found {};
    if (::fstat(fd->get(), &found) != 0) return io_error("cannot read", path);
    if (static_cast<std::uint64_t>(found.st_size) > limit)
        return fail(errc::too_large, path.string() + " is larger than " + std::to_string(limit) + " bytes");
    return read_all(fd->get(), path, limit);
}

bool is_taken(const fs::path& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0 || errno != ENOENT;
}

result<unique_fd> open_private_file(const fs::path& file, int flags) {
    unique_fd fd(::open(file.c_str(), flags | O_CREAT | never_wait, 0600));
    if (!fd) {
        auto failed = io_error("cannot open", file);
        if (auto safe = check_private_file(file); !safe) return safe.error();  // says it more clearly
        return failed;
    }
    struct stat found {};
    if (::fstat(fd.get(), &found) != 0) return io_error("cannot open", file);
    if (auto safe = check(file, found, S_IFREG); !safe) return safe.error();
    if ((found.st_mode & 07777) != 0600 && ::fchmod(fd.get(), 0600) != 0)
        return io_error("cannot make private", file);
    return fd;
}

result<void> check_private_file(const fs::path& file) {
    struct stat found {};
    if (::lstat(file.c_str(), &found) == 0) return check(file, found, S_IFREG);
    if (errno != ENOENT) return io_error("cannot look at", file);
    return {};
}

result<void> make_own_directory(const fs::path& directory) {
    if (::mkdir(directory.c_str(), 0700) == 0) return {};
    if (errno != EEXIST) return io_error("cannot create", directory);
    struct stat found {};
    if (::lstat(directory.c_str(), &found) != 0) return io_error("cannot look at", directory);
    return check(directory, found, S_IFDIR);
}

}  // namespace sparkgate
