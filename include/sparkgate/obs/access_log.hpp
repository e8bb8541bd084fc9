// One line for each answered request: the combined log format of Apache and nginx, which tools for logs know,
// then the seconds that the answer took and the request id of the answer's header.
#pragma once

#include "sparkgate/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

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

// Writes to a file that is moved to NAME.1.log, NAME.2.log, … when it has grown to its limit. One thread at a
// time. A disk that refuses costs lines, and one remark a second on stderr.
class access_log {
public:
    // Errors: unavailable, one line (the file cannot be opened).
    static result<access_log> open(const std::filesystem::path& file, std::uint64_t max_bytes,
                                   std::size_t files);

    void write(const access_entry& what);

private:
    explicit access_log(std::shared_ptr<spdlog::logger> to) : to_(std::move(to)) {}

    std::shared_ptr<spdlog::logger> to_;
};

}  // namespace sparkgate::obs
