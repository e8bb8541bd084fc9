#include "sparkgate/process/log_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>

namespace sparkgate::process {

namespace {

constexpr std::int64_t lines_per_mark = 1024;
constexpr std::size_t block_bytes = 64u << 10;

// Reads up to `size` bytes at `offset`; fewer at the end of the file, 0 also on an error.
std::size_t read_at(int fd, char* buffer, std::size_t size, std::int64_t offset) {
    ssize_t n = 0;
    do
        n = ::pread(fd, buffer, size, offset);
    while (n < 0 && errno == EINTR);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
}

// Collects lines out of blocks of text, up to a number of lines and of bytes.
class page {
public:
    page(std::int64_t skip, std::int64_t wanted, std::size_t room)
        : skip_(skip), wanted_(wanted), room_(room) {}

    // False when the page is full.
    bool take(std::string_view block) {
        while (!block.empty()) {
            const auto newline = block.find('\n');
            const bool complete = newline != std::string_view::npos;
            const std::string_view part = block.substr(0, newline);
            block.remove_prefix(complete ? newline + 1 : block.size());
            if (skip_ > 0) {
                skip_ -= complete ? 1 : 0;
            } else if (!add(part, complete)) {
                return false;
            }
        }
        return true;
    }

    std::vector<std::string> finish() {
        // What stands after the last newline. A line that did not fit comes whole with the next page; only
        // one longer than a whole page is cut.
        if (!line_.empty() && (!full_ || lines_.empty())) lines_.push_back(std::move(line_));
        return std::move(lines_);
    }

private:
    bool add(std::string_view part, bool complete) {
        line_.append(part.substr(0, room_));
        full_ = part.size() > room_;
        if (full_) return false;
        room_ -= part.size();
        if (!complete) return true;
        lines_.push_back(std::move(line_));
        line_.clear();
        room_ -= std::min(room_, sizeof(std::string));  // so that a million empty lines are bounded, too
        full_ = room_ == 0;
        return !full_ && static_cast<std::int64_t>(lines_.size()) < wanted_;
    }

    std::int64_t skip_;
    std::int64_t wanted_;
    std::size_t room_;
    bool full_ = false;
    std::string line_;  // the line that is being put together
    std::vector<std::string> lines_;
};

}  // namespace

log_file::log_file(std::filesystem::path path) : path_(std::move(path)) {}

std::int64_t log_file::line_count() {
    index_new_text();
    return lines_ + (open_line_ ? 1 : 0);
}

void log_file::forget() {
    fd_.reset();
    indexed_ = 0;
    lines_ = 0;
    open_line_ = false;
    marks_.assign(1, 0);
}

bool log_file::reopen_if_replaced() {
    struct stat named {};
    struct stat opened {};
    const bool exists = ::stat(path_.c_str(), &named) == 0;
    const bool same = exists && fd_ && ::fstat(fd_.get(), &opened) == 0 && named.st_dev == opened.st_dev &&
                      named.st_ino == opened.st_ino && opened.st_size >= indexed_;
    if (same) return true;
    forget();
    if (exists) fd_.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    return static_cast<bool>(fd_);
}

void log_file::index_new_text() {
    if (!reopen_if_replaced()) return;
    char block[block_bytes];
    while (const std::size_t n = read_at(fd_.get(), block, sizeof block, indexed_)) {
        const char* const end = block + n;
        const char* at = block;
        while ((at = static_cast<const char*>(std::memchr(at, '\n', end - at))) != nullptr) {
            ++at;
            if (++lines_ % lines_per_mark == 0) marks_.push_back(indexed_ + (at - block));
        }
        indexed_ += static_cast<std::int64_t>(n);
        open_line_ = block[n - 1] != '\n';
    }
}

std::vector<std::string> log_file::lines(std::int64_t from, std::int64_t size) {
    const std::int64_t count = line_count();
    from = std::max<std::int64_t>(from, 0);
    if (from >= count || size <= 0) return {};

    page wanted(from % lines_per_mark, std::min(size, count - from), max_page_bytes);
    std::int64_t offset = marks_[static_cast<std::size_t>(from / lines_per_mark)];
    char block[block_bytes];
    while (offset < indexed_) {
        const auto limit = static_cast<std::size_t>(std::min<std::int64_t>(sizeof block, indexed_ - offset));
        const std::size_t n = read_at(fd_.get(), block, limit, offset);
        if (n == 0 || !wanted.take({block, n})) break;
        offset += static_cast<std::int64_t>(n);
    }
    return wanted.finish();
}

result<void> log_file::append(std::string_view line) {
    std::string text;
    if (line_count() > 0 && open_line_) text = "\n";  // the child stopped in the middle of a line
    text.append(line).append("\n");
    const unique_fd fd(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) return system_error(errc::unavailable, "cannot open " + path_.string(), errno);
    // One write, so that the line does not mix with what the child writes at the same time.
    if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return system_error(errc::unavailable, "cannot write to " + path_.string(), errno);
    return {};
}

}  // namespace sparkgate::process
