#include "sparkgate/base/files.hpp"

#include "sparkgate/base/new_file.hpp"
#include "sparkgate/base/unique_fd.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace sparkgate {
namespace fs = std::filesystem;

error io_error(std::string_view what, const fs::path& path) {
    const int reason = errno;
    const bool full = reason == ENOSPC || reason == EDQUOT || reason == EFBIG;
    return system_error(full ? errc::no_space : errc::unavailable, std::string(what) + " " + path.string(),
                        reason);
}

namespace {

result<void> write_file(const fs::path& path, std::string_view text, bool sync) {
    auto file = new_file::create(path);
    if (!file) return file.error();
    if (auto written = file->append(text); !written) return written;
    if (sync)
        if (auto synced = file->sync(); !synced) return synced;
    return file->keep();
}

}  // namespace

result<void> write_file_atomically(const fs::path& path, std::string_view text) {
    return write_file(path, text, true);
}

result<void> write_unsynced_file(const fs::path& path, std::string_view text) {
    return write_file(path, text, false);
}

result<std::string> read_file(const fs::path& path, std::size_t limit) {
    unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT) return system_error(errc::not_found, "cannot open " + path.string(), ENOENT);
    if (!fd) return io_error("cannot open", path);
    return read_all(fd.get(), path, limit);
}

result<std::string> read_all(int fd, const fs::path& path, std::size_t limit) {
    std::string text;
    char buffer[65536];
    for (;;) {
        const ssize_t n = ::read(fd, buffer, sizeof buffer);
        if (n == 0) return text;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return io_error("cannot read", path);
        if (text.size() + static_cast<std::size_t>(n) > limit)
            return fail(errc::too_large,
                        path.string() + " is larger than " + std::to_string(limit) + " bytes");
        text.append(buffer, static_cast<std::size_t>(n));
    }
}

result<void> make_private_directory(const fs::path& path) {
    // Part by part: std::filesystem would give the parents the mode of the umask.
    fs::path made;
    for (const auto& part : path) {
        made /= part;
        if (::mkdir(made.c_str(), 0700) == 0) continue;
        const int reason = errno;
        std::error_code ignored;
        if (fs::is_directory(made, ignored)) continue;
        if (reason == EEXIST) return fail(errc::unavailable, made.string() + " is not a directory");
        errno = reason;
        return io_error("cannot create", made);
    }
    return {};
}

}  // namespace sparkgate
