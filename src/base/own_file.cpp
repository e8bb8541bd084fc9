#include "sparkgate/base/own_file.hpp"

#include "sparkgate/base/files.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace sparkgate {
namespace fs = std::filesystem;

namespace {

error not_ours(const fs::path& path, const char* what_is_wrong) {
    return fail(errc::unavailable, path.string() + " " + what_is_wrong);
}

// `kind`: S_IFREG or S_IFDIR.
result<void> check(const fs::path& path, const struct stat& found, mode_t kind) {
    if (S_ISLNK(found.st_mode)) return not_ours(path, "is a link, which is not followed");
    if ((found.st_mode & S_IFMT) != kind)
        return not_ours(path, kind == S_IFDIR ? "is not a directory" : "is not a regular file");
    if (found.st_uid != ::geteuid()) return not_ours(path, "belongs to another user");
    return {};
}

}  // namespace

result<unique_fd> open_private_file(const fs::path& file, int flags) {
    // Without O_NONBLOCK a FIFO would hold up the program; regular files do not know it.
    unique_fd fd(::open(file.c_str(), flags | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
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
