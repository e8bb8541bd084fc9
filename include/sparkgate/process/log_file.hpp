// Reads a child's output.log by line numbers without holding it in memory (8 bytes per 1024 lines). The file
// grows while it is read; one that was truncated or replaced is read anew. Thread: the event loop's only.
// Reading is from the page cache; one call reads at most `max_page_bytes`.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/base/unique_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sparkgate::process {

class log_file {
public:
    static constexpr std::size_t max_page_bytes = 4u << 20;

    explicit log_file(std::filesystem::path path);

    // Takes in what was written since the last call and returns the number of complete lines plus a last
    // line without newline, if any. A missing file has no lines.
    std::int64_t line_count();

    // Lines [from, from+size), without newline; invalid UTF-8 is passed on as it is. Lines beyond the end are
    // left out. A page ends early at max_page_bytes (each line counted with 32 bytes for itself); a single
    // line longer than that is cut.
    std::vector<std::string> lines(std::int64_t from, std::int64_t size);

    // Appends one line (adds the newline), for the gateway's own remarks in the child's log; they start with
    // "sparkgate: ". On a line of its own even if the child stopped in the middle of one. Errors:
    // unavailable.
    result<void> append(std::string_view line);

private:
    bool reopen_if_replaced();
    void index_new_text();
    void forget();

    std::filesystem::path path_;
    unique_fd fd_;
    std::int64_t indexed_ = 0;         // bytes looked at
    std::int64_t lines_ = 0;           // newlines seen in them
    bool open_line_ = false;           // text after the last newline
    std::vector<std::int64_t> marks_;  // where line 1024*i starts
};

}  // namespace sparkgate::process
