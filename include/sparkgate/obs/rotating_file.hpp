// A file of lines that is moved to NAME.1.log, NAME.2.log, … when it has grown to its limit. Only this user
// can read it, and no link leads the lines elsewhere.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/base/unique_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace sparkgate::obs {

// One thread at a time. Blocking: a write for each line.
class rotating_file {
public:
    // Goes on with a file that exists. `files` earlier ones are kept. Errors: unavailable, no_space.
    static result<rotating_file> open(std::filesystem::path file, std::uint64_t max_bytes, std::size_t files);

    // `line` ends in a newline. It is in the file as a whole or not at all. Errors: unavailable, no_space;
    // the next line is tried again.
    result<void> write(std::string_view line);

private:
    rotating_file(std::filesystem::path file, std::uint64_t max_bytes, std::size_t files)
        : file_(std::move(file)), max_bytes_(max_bytes), files_(files) {}

    result<void> reopen();
    result<void> move_away();
    std::filesystem::path earlier(std::size_t number) const;

    std::filesystem::path file_;
    std::uint64_t max_bytes_;
    std::size_t files_;
    unique_fd fd_;
    std::uint64_t size_ = 0;
};

}  // namespace sparkgate::obs
