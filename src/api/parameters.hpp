// Query parameters and waiting, shared by the resources.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/config/settings.hpp"
#include "sparkgate/http/message.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace sparkgate::api {

// A Java int, as Livy reads ids, from and size. Errors: invalid_argument with Java's text.
result<std::int64_t> parse_int(const std::string& text);

// Nothing when the parameter is absent.
result<std::optional<std::int64_t>> int_parameter(const http::request& from, std::string_view name);

// true or false; false when the parameter is absent. Errors: invalid_argument.
result<bool> flag_parameter(const http::request& from, std::string_view name);

// What Livy would say about a time in a request; nothing when it can be read.
std::optional<std::string> time_problem(const std::string& text);

// [from, from+size) clipped to `count`.
struct slice {
    std::size_t begin = 0, end = 0;
};
slice clip(std::int64_t from, std::int64_t size, std::size_t count);

// How long the answer about something unfinished may be held: ?wait=SECONDS up to statement.max-wait; without
// it statement.poll-hold for a client that polls, which is one that asks soon after it was `told` that the
// thing is not finished. Who only looks is not held, and HEAD never is. Errors: invalid_argument.
result<std::chrono::milliseconds> hold_time(const http::request& from, const config::settings& settings,
                                            std::chrono::steady_clock::time_point told);

}  // namespace sparkgate::api
