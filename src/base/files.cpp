#include "sparkgate/base/files.hpp"

#include "sparkgate/base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <cerrno>

namespace sparkgate {
namespace fs = std::filesystem;

namespace {

error io_error(std::string_view verb, const fs::path& path) {
    const int number = errno;
    return system_error(number == ENOENT ? errc::not_found : errc::unavailable,
                        std::string(verb) + " " + path.string(), number);
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(fd, text.data(), text.size());
        if (n < 0 && errno != EINTR) return false;
        if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

}  // namespace

result<void> write_file_atomically(const fs::path& path, std::string_view text) {
    const fs::path temporary = path.string() + ".tmp";
    unique_fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd) return io_error("cannot create", temporary);
    if (!write_all(fd.get(), text) || ::fsync(fd.get()) != 0) return io_error("cannot write", temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) return io_error("cannot replace", path);
    return {};
}

result<std::string> read_file(const fs::path& path, std::size_t limit) {
    unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return io_error("cannot open", path);
    std::string text;
    char buffer[65536];
    for (;;) {
        const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
        if (n == 0) return text;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return io_error("cannot read", path);
        if (text.size() + static_cast<std::size_t>(n) > limit)
            return fail(errc::too_large, path.string() + " is larger than " + std::to_string(limit) + " bytes");
        text.append(buffer, static_cast<std::size_t>(n));
    }
}

result<void> make_private_directory(const fs::path& path) {
    std::error_code ec;
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), ec);
    if (ec) return fail(errc::unavailable, "cannot create " + path.string() + ": " + ec.message());
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return io_error("cannot create", path);
    if (!fs::is_directory(path, ec)) return fail(errc::unavailable, path.string() + " is not a directory");
    return {};
}

}  // namespace sparkgate
