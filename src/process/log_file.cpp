#include "sparkgate/process/log_file.hpp"

#include "read_at.hpp"

#include "sparkgate/base/own_file.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>

namespace sparkgate::process {

namespace {

constexpr std::int64_t tail_bytes = 64 << 10;

bool ends_in_a_line(int fd) {
    const auto size = file_size(fd);
    char last = '\n';
    return size > 0 && read_at(fd, &last, 1, size - 1) == 1 && last != '\n';
}

}  // namespace

std::int64_t file_size(int fd) {
    struct stat found {};
    return ::fstat(fd, &found) == 0 ? found.st_size : 0;
}

std::size_t read_at(int fd, char* buffer, std::size_t size, std::int64_t offset) {
    ssize_t n = 0;
    do
        n = ::pread(fd, buffer, size, offset);
    while (n < 0 && errno == EINTR);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
}

log_file::tail log_file::last_lines(std::size_t count) const {
    const auto fd = open_own_file(path_);
    if (!fd) return {{}, true};
    const auto size = file_size(fd->get());
    std::string text(static_cast<std::size_t>(std::min(size, tail_bytes)), '\0');
    text.resize(read_at(fd->get(), text.data(), text.size(), size - static_cast<std::int64_t>(text.size())));
    tail out;
    out.whole = size <= tail_bytes;
    if (text.empty()) return out;
    if (text.back() == '\n') text.pop_back();
    std::size_t end = text.size() + 1;  // one behind the line that comes next: where its newline is
    while (end > 0 && out.lines.size() < count) {
        const auto newline = end > 1 ? text.rfind('\n', end - 2) : std::string::npos;
        const auto begin = newline == std::string::npos ? 0 : newline + 1;
        out.lines.push_back(text.substr(begin, end - 1 - begin));
        end = begin;
    }
    out.whole = out.whole && end == 0;
    std::reverse(out.lines.begin(), out.lines.end());
    return out;
}

log_file::stamp log_file::look() const {
    struct stat found {};
    if (::lstat(path_.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return {};
    return {found.st_size, found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec};
}

result<void> log_file::append(std::string_view line) {
    const auto fd = open_own_file(path_, own_access::append);
    if (!fd) return fd.error();
    std::string text = ends_in_a_line(fd->get()) ? "\n" : "";  // the child stopped in the middle of a line
    text.append(line).append("\n");
    // One write, so that the line does not mix with what the child writes at the same time.
    if (::write(fd->get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return system_error(errc::unavailable, "cannot write to " + path_.string(), errno);
    return {};
}

}  // namespace sparkgate::process
