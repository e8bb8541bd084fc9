// What the statements of one session have printed, each in a file of its session's directory: it may be read
// from any position for as long as the statement is kept, and costs no memory. One thread; a call reads or
// writes what it is told to.
#pragma once

#include "sparkgate/base/error.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace sparkgate::session {

// The part of a statement's printed text that a client has not seen.
struct output_page {
    std::int64_t from = 0, next = 0;  // bytes
    std::string text;                 // ends at a whole character
};

class printed_output {
public:
    // `limit`: what a statement may print (statement.output-limit); a driver's mark of what it has cut comes
    // behind that.
    printed_output(std::filesystem::path directory, std::uint64_t limit);

    // Keeps text that belongs at byte `at` (without: behind all that is there). Errors: invalid_argument
    // (beyond the limit, nothing is kept), and those of open_own_file.
    result<void> keep(std::int64_t statement, std::optional<std::int64_t> at, std::string_view text);

    // Empty where nothing is there, or something else was put in the file's place.
    output_page read(std::int64_t statement, std::int64_t from, std::size_t most = 1u << 20) const;

    std::int64_t size(std::int64_t statement) const;

    void remove(std::int64_t statement);

private:
    std::filesystem::path file_of(std::int64_t statement) const;

    std::filesystem::path directory_;
    std::int64_t most_bytes_;
};

}  // namespace sparkgate::session
