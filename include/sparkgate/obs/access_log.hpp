// One line for each answered request: the combined log format of Apache and nginx, which tools for logs know,
// then the seconds that the answer took and the request id of the answer's header.
#pragma once

#include "sparkgate/obs/rotating_file.hpp"

#include <chrono>
#include <ctime>
#include <string>

namespace sparkgate::obs {

// Texts from outside may hold anything. What a request did not say is empty.
struct access_entry {
    std::string_view remote_address, user, method, target, referer, user_agent, request_id;
    unsigned status = 0;
    unsigned version = 11;  // 10 for HTTP/1.0
    std::size_t bytes = 0;  // of the body
    std::chrono::microseconds took{0};
};

// 127.0.0.1 - - [26/Nov/2026:15:04:05 +0000] "GET /sessions HTTP/1.1" 200 559 "-" "curl/8" 0.000412
// 62d311a7-2
std::string access_line(const access_entry& what, std::time_t now);

// Writes to a rotating file. One thread at a time. A disk that refuses costs lines, and one remark a second
// in the server's log.
class access_log {
public:
    // Errors: unavailable, no_space; one line (the file cannot be opened, is a link, or somebody else's).
    static result<access_log> open(const std::filesystem::path& file, std::uint64_t max_bytes,
                                   std::size_t files);

    void write(const access_entry& what);

private:
    explicit access_log(rotating_file to) : to_(std::move(to)) {}

    rotating_file to_;
    std::time_t complained_ = 0;
};

}  // namespace sparkgate::obs
