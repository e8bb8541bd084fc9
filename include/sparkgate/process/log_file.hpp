// A child's output.log: the gateway's own remarks in it, and its newest lines. Pages of it: log_index.hpp.
// Thread: any; no state. One call reads or writes a few KiB.
#pragma once

#include "sparkgate/base/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sparkgate::process {

class log_file {
public:
    explicit log_file(std::filesystem::path path) : path_(std::move(path)) {}

    const std::filesystem::path& path() const { return path_; }

    struct tail {
        std::vector<std::string> lines;
        bool whole = false;  // the file has no other lines
    };
    // The newest lines, without newline, at most `count` of them; a last line without newline counts. Only
    // the last 64 KiB are looked at: a line that begins before them is cut. A file that is missing, or has
    // been replaced by something else, has no lines.
    tail last_lines(std::size_t count) const;

    // Appends one line (adds the newline), for the gateway's own remarks in the child's log; they start with
    // "sparkgate: ". On a line of its own even if the child stopped in the middle of one. Errors: as
    // open_own_file.
    result<void> append(std::string_view line);

    // Differs from an earlier one when the file has changed since.
    struct stamp {
        std::int64_t size = -1, modified_ns = 0;  // size -1: there is no file
        friend bool operator==(const stamp&, const stamp&) = default;
    };
    stamp look() const;

private:
    std::filesystem::path path_;
};

}  // namespace sparkgate::process
