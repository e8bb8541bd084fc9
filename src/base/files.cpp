#include "sparkgate/base/files.hpp"

#include "sparkgate/base/unique_fd.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace sparkgate {
namespace fs = std::filesystem;

namespace {

error io_error(std::string_view verb, const fs::path& path) {
    return system_error(errc::unavailable, std::string(verb) + " " + path.string(), errno);
}

// One that does not outlive a failure.
class temporary_file {
public:
    explicit temporary_file(fs::path path) : path_(std::move(path)) {}
    ~temporary_file() {
        if (!kept_) ::unlink(path_.c_str());
    }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;

    const fs::path& path() const { return path_; }
    void keep() { kept_ = true; }

private:
    fs::path path_;
    bool kept_ = false;
};

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
    temporary_file temporary(path.string() + ".tmp");
    ::unlink(temporary.path().c_str());  // left by a crash; it must not lend its mode
    unique_fd fd(::open(temporary.path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) return io_error("cannot create", temporary.path());
    if (!write_all(fd.get(), text) || ::fsync(fd.get()) != 0)
        return io_error("cannot write", temporary.path());
    if (::rename(temporary.path().c_str(), path.c_str()) != 0) return io_error("cannot replace", path);
    temporary.keep();
    return {};
}

result<std::string> read_file(const fs::path& path, std::size_t limit) {
    unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT) return system_error(errc::not_found, "cannot open " + path.string(), ENOENT);
    if (!fd) return io_error("cannot open", path);
    std::string text;
    char buffer[65536];
    for (;;) {
        const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
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
        return system_error(errc::unavailable, "cannot create " + made.string(), reason);
    }
    return {};
}

}  // namespace sparkgate
