#include "sparkgate/process/log_index.hpp"

#include "log_hole.hpp"
#include "read_at.hpp"

#include "sparkgate/base/own_file.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <sys/stat.h>

namespace sparkgate::process {

namespace {

constexpr std::int64_t lines_per_mark = 1024;
constexpr std::size_t block_bytes = 64u << 10;

// Collects lines out of blocks of text, up to a number of lines and of bytes.
class page {
public:
    explicit page(std::int64_t wanted) : wanted_(wanted) {}

    bool full() const { return full_ || wanted_ == 0; }

    // Lines of the text that starts now are left out up to this one.
    void skip(std::int64_t lines) { skip_ = lines; }

    void take(std::string_view block) {
        while (!block.empty() && !full()) {
            const auto newline = block.find('\n');
            const bool complete = newline != std::string_view::npos;
            const std::string_view some = block.substr(0, newline);
            block.remove_prefix(complete ? newline + 1 : block.size());
            if (skip_ > 0)
                skip_ -= complete ? 1 : 0;
            else
                add(some, complete);
        }
    }

    // What stands after the last newline. A line that did not fit comes whole with the next page; only one
    // longer than a whole page is cut.
    void end_text(bool open_line_counts) {
        if (!line_.empty() && (full_ ? lines_.empty() : open_line_counts)) finish_line();
        line_.clear();
    }

    std::vector<std::string> finish() { return std::move(lines_); }

private:
    void add(std::string_view some, bool complete) {
        line_.append(some.substr(0, room_));
        full_ = some.size() > room_;
        if (full_) return;
        room_ -= some.size();
        if (complete) finish_line();
    }

    void finish_line() {
        lines_.push_back(std::move(line_));
        line_.clear();
        room_ -= std::min(room_, sizeof(std::string));  // so that a million empty lines are bounded, too
        full_ = full_ || room_ == 0;
        if (wanted_ > 0) --wanted_;
    }

    std::int64_t skip_ = 0;
    std::int64_t wanted_;
    std::size_t room_ = log_index::max_page_bytes;
    bool full_ = false;
    std::string line_;  // the line that is being put together
    std::vector<std::string> lines_;
};

void read_part(int fd, std::int64_t offset, std::int64_t end, bool open_line_counts, page& into) {
    char block[block_bytes];
    while (offset < end && !into.full()) {
        const auto limit = static_cast<std::size_t>(std::min<std::int64_t>(sizeof block, end - offset));
        const std::size_t n = read_at(fd, block, limit, offset);
        if (n == 0) break;
        into.take({block, n});
        offset += static_cast<std::int64_t>(n);
    }
    into.end_text(open_line_counts);
}

}  // namespace

// The file's size; 0 if it is not there. Forgets all when it is not the file of the last time.
std::int64_t log_index::open() {
    struct stat found {};
    auto opened = open_own_file(path_);
    fd_.reset(opened ? opened->release() : -1);
    const bool exists = fd_ && ::fstat(fd_.get(), &found) == 0;
    if (!exists || found.st_dev != device_ || found.st_ino != inode_ ||
        found.st_size < std::max(head_.indexed, tail_.indexed)) {
        hole_ = {};
        head_ = tail_ = {};
    }
    device_ = found.st_dev;
    inode_ = found.st_ino;
    return exists ? found.st_size : 0;
}

// Leaves the file open; the number of its lines.
std::int64_t log_index::refresh() {
    const auto size = open();
    const auto now = find_hole(fd_.get(), size);
    too_large_ = size - (now.end - now.begin) > most_bytes_;
    if (too_large_) {
        hole_ = {};
        head_ = tail_ = {};
        return 1;  // the line that says so
    }
    if (now != hole_) {
        if (head_.indexed > now.begin) head_ = {};
        tail_ = {};
        tail_.begin = tail_.indexed = after_newlines(fd_.get(), now.end, size, 1);
        hole_ = now;
    }
    if (hole_.empty()) {
        index(head_, size);
        return head_.lines();
    }
    index(head_, hole_.begin);
    head_.open_line = false;  // cut in two by the hole
    index(tail_, size);
    return head_.lines() + 1 + tail_.lines();
}

void log_index::index(part& of, std::int64_t limit) {
    if (of.marks.empty()) of.marks.push_back(of.begin);
    char block[block_bytes];
    while (of.indexed < limit) {
        const auto wanted =
            static_cast<std::size_t>(std::min<std::int64_t>(sizeof block, limit - of.indexed));
        const std::size_t n = read_at(fd_.get(), block, wanted, of.indexed);
        if (n == 0) break;
        const char* const end = block + n;
        const char* at = block;
        while ((at = static_cast<const char*>(std::memchr(at, '\n', end - at))) != nullptr) {
            ++at;
            of.whole_lines_end = of.indexed + (at - block);
            if (++of.newlines % lines_per_mark == 0) of.marks.push_back(of.indexed + (at - block));
        }
        of.indexed += static_cast<std::int64_t>(n);
        of.open_line = block[n - 1] != '\n';
    }
}

std::int64_t log_index::line_count() {
    const auto count = refresh();
    fd_.reset();
    return count;
}

std::vector<std::string> log_index::lines(std::int64_t from, std::int64_t size) {
    const std::int64_t count = refresh();
    auto out = read(from, size, count);
    fd_.reset();
    return out;
}

std::int64_t log_index::offset_of(std::int64_t line) {
    const std::int64_t count = refresh();
    std::int64_t out = hole_.empty() ? head_.indexed : tail_.indexed;
    if (too_large_)
        out = 0;
    else if (line < head_.lines())
        out = find(head_, std::max<std::int64_t>(line, 0));
    else if (!hole_.empty() && line == head_.lines())
        out = head_.whole_lines_end;
    else if (line < count)
        out = find(tail_, line - head_.lines() - 1);
    fd_.reset();
    return out;
}

std::int64_t log_index::find(const part& of, std::int64_t line) const {
    return after_newlines(fd_.get(), of.marks[static_cast<std::size_t>(line / lines_per_mark)], of.indexed,
                          line % lines_per_mark);
}

std::vector<std::string> log_index::read(std::int64_t from, std::int64_t size, std::int64_t count) const {
    from = std::max<std::int64_t>(from, 0);
    if (from >= count || size <= 0) return {};
    if (too_large_)
        return {
            "sparkgate: this log is larger than log.max-size can allow: something else was put in its place"};

    page wanted(std::min(size, count - from));
    const auto take = [&](const part& of, std::int64_t line) {
        wanted.skip(line % lines_per_mark);
        read_part(fd_.get(), of.marks[static_cast<std::size_t>(line / lines_per_mark)], of.indexed,
                  of.open_line, wanted);
    };
    if (from < head_.lines()) take(head_, from);
    if (hole_.empty() || wanted.full()) return wanted.finish();
    const auto after_head = std::max<std::int64_t>(from - head_.lines(), 0);
    if (after_head == 0) wanted.take(removal_line(tail_.begin - head_.whole_lines_end));
    if (!wanted.full() && tail_.lines() > 0) take(tail_, std::max<std::int64_t>(after_head - 1, 0));
    return wanted.finish();
}

}  // namespace sparkgate::process
