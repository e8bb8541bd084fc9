// Query parameters.
#include "api/parameters.hpp"

#include "api/text_limits.hpp"

#include "sparkgate/api/routes.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace sparkgate::api {
namespace {

using std::chrono::milliseconds;

http::request with(const std::string& name, const std::string& value) {
    http::request out;
    out.query.emplace_back(name, value);
    return out;
}

TEST(parameters, whole_numbers_are_java_ints) {
    for (const auto& [text, number] : std::vector<std::pair<std::string, std::int64_t>>{
             {"0", 0}, {"-1", -1}, {"007", 7}, {"2147483647", 2147483647}}) {
        EXPECT_EQ(parse_int(text).value(), number);
        EXPECT_EQ(int_parameter(with("from", text), "from").value(), number);
    }
    for (const auto* text : {"", "abc", "1x", " 1", "1.0", "2147483648", "-2147483649", "99999999999"}) {
        const auto parsed = int_parameter(with("from", text), "from");
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, errc::invalid_argument);
        EXPECT_EQ(parsed.error().message, "For input string: \"" + std::string(text) + "\"");
    }
    EXPECT_EQ(int_parameter(with("size", "1"), "from").value(), std::nullopt);
}

struct clip_row {
    std::int64_t from, size;
    std::size_t begin, end;  // of ten
};

TEST(parameters, clip) {
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
    constexpr std::int64_t least = std::numeric_limits<std::int32_t>::min();
    for (const auto& row : std::vector<clip_row>{{0, 100, 0, 10},
                                                 {0, 10, 0, 10},
                                                 {0, 3, 0, 3},
                                                 {4, 3, 4, 7},
                                                 {8, 5, 8, 10},
                                                 {10, 5, 10, 10},
                                                 {99, 5, 10, 10},
                                                 {0, 0, 0, 0},
                                                 {3, -1, 3, 3},
                                                 {-5, 10, 0, 5},
                                                 {-5, 3, 0, 0},
                                                 {most, most, 10, 10},
                                                 {least, least, 0, 0},
                                                 {least, most, 0, 0}}) {
        const auto out = clip(row.from, row.size, 10);
        EXPECT_EQ(out.begin, row.begin) << row.from << ", " << row.size;
        EXPECT_EQ(out.end, row.end) << row.from << ", " << row.size;
    }
    EXPECT_EQ(clip(0, 100, 0).end, 0u);
}

TEST(parameters, hold_time) {
    config::settings settings;
    settings.poll_hold = milliseconds(700);
    settings.max_wait = std::chrono::seconds(60);
    const auto now = std::chrono::steady_clock::now(), long_ago = now - std::chrono::seconds(6);
    EXPECT_EQ(hold_time(http::request(), settings, now).value(), milliseconds(700)) << "it polls";
    EXPECT_EQ(hold_time(http::request(), settings, long_ago).value(), milliseconds(0)) << "it looks";
    const std::vector<std::pair<std::string, int>> table{{"0", 0},       {"5", 5000},    {"0.25", 250},
                                                         {"60", 60'000}, {"61", 60'000}, {"1e300", 60'000}};
    for (const auto& [text, expected] : table)
        EXPECT_EQ(hold_time(with("wait", text), settings, long_ago).value(), milliseconds(expected)) << text;
    for (const auto* text : {"", "-1", "abc", "5s", "nan", "inf", "-inf"}) {
        const auto wrong = hold_time(with("wait", text), settings, now);
        ASSERT_FALSE(wrong) << text;
        EXPECT_EQ(wrong.error().code, errc::invalid_argument);
        EXPECT_EQ(wrong.error().message,
                  "wait: expected a number of seconds, found \"" + std::string(text) + "\"");
    }
    auto head = with("wait", "5");
    head.verb = http::method::head;
    EXPECT_EQ(hold_time(head, settings, now).value(), milliseconds(0)) << "HEAD is never held";
}

TEST(parameters, what_livy_says_about_times) {
    for (const auto* good : {"10m", "5", "0", "1h", "7us"})
        EXPECT_EQ(time_problem(good), std::nullopt) << good;
    EXPECT_EQ(time_problem("abc"), "Invalid time string: abc");
    EXPECT_EQ(time_problem(""), "Invalid time string: ");
    EXPECT_EQ(time_problem("5 m"), "Invalid time string: 5 m");
    EXPECT_EQ(time_problem("5x"), "Invalid suffix: \"x\"");
    EXPECT_EQ(time_problem("-5"), "Invalid value: -5");
    EXPECT_EQ(time_problem("-5x"), "Invalid suffix: \"x\"");
    EXPECT_EQ(time_problem("-"), "Invalid time string: -");
    EXPECT_EQ(time_problem("5M5"), "Invalid time string: 5M5");
    EXPECT_EQ(time_problem("99999999999999999999d"), "Invalid value: 99999999999999999999d");
    // Of any length: std::regex would have recursed for each digit.
    const std::string digits(16u << 20, '1');
    EXPECT_EQ(time_problem(digits), "Invalid value: " + digits);
    EXPECT_EQ(time_problem(digits + "!"), "Invalid time string: " + digits + "!");
}

TEST(parameters, a_text_that_is_too_long_is_named) {
    for (const auto* name :
         {"doAs", "owner", "name", "state", "order", "follow", "since", "from", "size", "wait"}) {
        const auto most = longest_parameter(name).value();
        EXPECT_EQ(text_problem(with(name, std::string(most, 'x'))), std::nullopt) << name;
        EXPECT_EQ(text_problem(with(name, std::string(most + 1, 'x'))),
                  std::string(name) + ": longer than " + std::to_string(most) + " bytes");
    }
    EXPECT_EQ(text_problem(with("unknown", std::string(8000, 'x'))), std::nullopt);
    http::request keyed;
    keyed.headers.emplace_back("idempotency-key", std::string(256, 'x'));
    EXPECT_EQ(text_problem(keyed), "idempotency-key: longer than 255 bytes");
}

}  // namespace
}  // namespace sparkgate::api
