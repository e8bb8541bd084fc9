// A file that comes into being whole or not at all: it is written beside its place and gets its name at the
// end. Blocking; one thread at a time.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/base/unique_fd.hpp"

#include <filesystem>
#include <string_view>

namespace sparkgate {

class new_file {
public:
    // Begins `path`, under that name and ".tmp", with mode 0600. Errors: unavailable, no_space.
    static result<new_file> create(std::filesystem::path path);

    new_file(new_file&&) noexcept = default;
    new_file& operator=(new_file&&) = delete;
    // Removes what was not kept.
    ~new_file();

    // Errors: no_space, unavailable.
    result<void> append(std::string_view text);
    // Waits until it is on the disk. Errors as append.
    result<void> sync();
    // Gives it its name, in place of a file that had it. Errors: unavailable.
    result<void> keep();

private:
    new_file(std::filesystem::path path, unique_fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

    std::filesystem::path path_;
    unique_fd fd_;  // closed: nothing to remove
};

}  // namespace sparkgate
