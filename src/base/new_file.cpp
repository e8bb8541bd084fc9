#include "sparkgate/base/new_file.hpp"

#include "sparkgate/base/files.hpp"

#include <cerrno>
#include <fcntl.h>

namespace sparkgate {
namespace fs = std::filesystem;

namespace {

fs::path temporary(const fs::path& path) {
    return path.string() + ".tmp";
}

}  // namespace

result<new_file> new_file::create(fs::path path) {
    const auto name = temporary(path);
    ::unlink(name.c_str());  // left by a crash; it must not lend its mode
    unique_fd fd(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) return io_error("cannot create", name);
    return new_file(std::move(path), std::move(fd));
}

new_file::~new_file() {
    if (fd_) ::unlink(temporary(path_).c_str());
}

result<void> new_file::append(std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(fd_.get(), text.data(), text.size());
        if (n < 0 && errno != EINTR) return io_error("cannot write", path_);
        if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

result<void> new_file::sync() {
    if (::fsync(fd_.get()) != 0) return io_error("cannot write", path_);
    return {};
}

result<void> new_file::keep() {
    if (::rename(temporary(path_).c_str(), path_.c_str()) != 0) return io_error("cannot replace", path_);
    fd_.reset();
    return {};
}

}  // namespace sparkgate
