// Reads a child's output.log as text, piece by piece, while it grows. Where the shim has removed the middle,
// the same line stands for it as in pages (log_index.hpp), whether the middle was removed before or is
// removed now. Keeps no file open and no text. Thread: any, one at a time; a call reads 64 KiB, at
// most 1 MiB behind what was removed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace sparkgate::process {

class log_follower {
public:
    // `offset`: where a line begins, in bytes (log_index::offset_of).
    log_follower(std::filesystem::path path, std::int64_t offset) : path_(std::move(path)), offset_(offset) {}

    // What comes next, as far as it is there; empty when there is nothing new, or no such file. The last line
    // may come in several pieces while it is written.
    std::string read();

    // Whether what was read last stopped within a line.
    bool within_line() const { return within_line_; }

private:
    std::string step_over(int fd, std::int64_t size, std::string text);
    std::string take(std::string text, std::int64_t next);

    std::filesystem::path path_;
    std::int64_t offset_;
    bool within_line_ = false;
};

}  // namespace sparkgate::process
