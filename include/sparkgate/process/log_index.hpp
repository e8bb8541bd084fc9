// Reads a child's output.log by line numbers without holding it in memory (8 bytes for 1024 lines). The file
// grows while it is read; one that was truncated or replaced is read anew.
//
// Where the shim has given the middle of a log that grew too large back to the file system (--log-limit), one
// line of the gateway's stands for it: "sparkgate: 1048576 bytes of output were removed here".
//
// Blocking: the first look at a large file reads all of it, later ones what is new. One thread at a time.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/base/unique_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sparkgate::process {

// What is missing in a file's middle, in bytes; begin == end: nothing.
struct log_hole {
    std::int64_t begin = 0, end = 0;
    bool empty() const { return begin == end; }
    friend bool operator==(const log_hole&, const log_hole&) = default;
};

class log_index {
public:
    static constexpr std::size_t max_page_bytes = 4u << 20;

    // `most_bytes`: of text. One line stands for a file with more: it is not read.
    explicit log_index(std::filesystem::path path, std::int64_t most_bytes = std::int64_t{64} << 30)
        : path_(std::move(path)), most_bytes_(most_bytes) {}

    // Takes in what was written since the last call and returns the number of complete lines plus a last
    // line without newline, if any. A file that is missing, or has been replaced by something else, has none.
    std::int64_t line_count();

    // Lines [from, from+size), without newline; invalid UTF-8 is passed on as it is. Lines beyond the end are
    // left out. A page ends early at max_page_bytes (each line counted with 32 bytes for itself); a single
    // line longer than that is cut.
    std::vector<std::string> lines(std::int64_t from, std::int64_t size);

    // Where a line begins in the file (see log_follower); the end of the file for one that is not there yet.
    std::int64_t offset_of(std::int64_t line);

private:
    // The lines that begin in a range of bytes.
    struct part {
        std::int64_t begin = 0, indexed = 0;  // bytes; looked at up to `indexed`
        std::int64_t newlines = 0;
        std::int64_t whole_lines_end = 0;  // where the text after the last newline begins
        bool open_line = false;            // text after the last newline
        std::vector<std::int64_t> marks;   // where line 1024*i of this part starts
        std::int64_t lines() const { return newlines + (open_line ? 1 : 0); }
    };

    std::int64_t refresh();
    std::int64_t open();
    std::vector<std::string> read(std::int64_t from, std::int64_t size, std::int64_t count) const;
    void index(part& of, std::int64_t limit);
    std::int64_t find(const part& of, std::int64_t line) const;

    std::filesystem::path path_;
    std::int64_t most_bytes_;
    bool too_large_ = false;
    unique_fd fd_;  // only within a call: the space of a removed file is free at once
    std::uint64_t device_ = 0, inode_ = 0;
    log_hole hole_;
    part head_, tail_;
};

}  // namespace sparkgate::process
