#include "sparkgate/obs/rotating_file.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/base/own_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace sparkgate::obs {
namespace fs = std::filesystem;

result<rotating_file> rotating_file::open(fs::path file, std::uint64_t max_bytes, std::size_t files) {
    rotating_file out(std::move(file), max_bytes, files);
    if (auto opened = out.reopen(); !opened) return opened.error();
    return out;
}

result<void> rotating_file::reopen() {
    auto fd = open_private_file(file_, O_WRONLY | O_APPEND);
    if (!fd) return fd.error();
    struct stat found {};
    if (::fstat(fd->get(), &found) != 0) return io_error("cannot look at", file_);
    fd_ = std::move(*fd);
    size_ = static_cast<std::uint64_t>(found.st_size);
    return {};
}

result<void> rotating_file::write(std::string_view line) {
    if (size_ > 0 && size_ + line.size() > max_bytes_)
        if (auto moved = move_away(); !moved) return moved;
    const ssize_t n = ::write(fd_.get(), line.data(), line.size());
    if (n == static_cast<ssize_t>(line.size())) {
        size_ += line.size();
        return {};
    }
    const int reason = n < 0 ? errno : ENOSPC;
    if (n > 0 && ::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0)
        size_ += static_cast<std::uint64_t>(n);
    errno = reason;
    return io_error("cannot write", file_);
}

// access.log: access.1.log
fs::path rotating_file::earlier(std::size_t number) const {
    if (number == 0) return file_;
    return file_.parent_path() /
           (file_.stem().string() + "." + std::to_string(number) + file_.extension().string());
}

// A rename follows no link, neither at the old name nor at the new one.
result<void> rotating_file::move_away() {
    for (std::size_t number = files_; number > 0; --number)
        if (::rename(earlier(number - 1).c_str(), earlier(number).c_str()) != 0 && errno != ENOENT)
            return io_error("cannot move away", earlier(number - 1));
    if (files_ == 0 && ::unlink(file_.c_str()) != 0 && errno != ENOENT)
        return io_error("cannot remove", file_);
    return reopen();
}

}  // namespace sparkgate::obs
