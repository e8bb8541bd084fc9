// Parsers of configuration values, as tables.
#include "config/values.hpp"

#include <gtest/gtest.h>

namespace sparkgate::config {
namespace {

template <class T>
struct good {
    std::string text;
    T value;
};

TEST(values, times) {
    for (const auto& [text, value] : std::vector<good<std::int64_t>>{{"0", 0},
                                                                     {"250", 250},
                                                                     {"5ms", 5},
                                                                     {"5000us", 5},
                                                                     {"999us", 0},
                                                                     {"90s", 90'000},
                                                                     {"10m", 600'000},
                                                                     {"10min", 600'000},
                                                                     {"1h", 3'600'000},
                                                                     {"2d", 172'800'000},
                                                                     {"600S", 600'000},
                                                                     {"10Min", 600'000}}) {
        const auto parsed = parse_time(text);
        ASSERT_TRUE(parsed) << text;
        EXPECT_EQ(parsed->count(), value) << text;
    }
}

TEST(values, wrong_times) {
    for (const auto* text : {"", "s", "1.5s", "-1", "+1", "1 s", " 1", "1s ", "1w", "1hour", "0x10", "ten",
                             "9223372036854775807d", "9223372036854775808", "1ss"}) {
        const auto parsed = parse_time(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().message, "expected a time such as 500ms, 30s, 10m, 1h or 1d");
    }
}

TEST(values, sizes) {
    for (const auto& [text, value] : std::vector<good<std::uint64_t>>{{"0", 0},
                                                                      {"65536", 65536},
                                                                      {"7b", 7},
                                                                      {"64k", 65536},
                                                                      {"10m", 10485760},
                                                                      {"1g", 1073741824},
                                                                      {"48K", 49152}}) {
        const auto parsed = parse_bytes(text);
        ASSERT_TRUE(parsed) << text;
        EXPECT_EQ(parsed->value, value) << text;
    }
}

TEST(values, wrong_sizes) {
    for (const auto* text :
         {"", "k", "1.5m", "-1", "1 k", "1kb", "1t", "9223372036854775807k", "99999999999999999999"}) {
        const auto parsed = parse_bytes(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().message, "expected a size such as 65536, 64k, 10m or 1g");
    }
}

TEST(values, whole_numbers_within_their_bounds) {
    EXPECT_EQ(parse_integer("0", 0, 65535).value(), 0);
    EXPECT_EQ(parse_integer("65535", 0, 65535).value(), 65535);
    EXPECT_EQ(parse_integer("-3", -5, 5).value(), -3);
    for (const auto* text :
         {"", "-1", "65536", "1.0", "1e3", "0x1", " 1", "1 ", "one", "99999999999999999999"}) {
        const auto parsed = parse_integer(text, 0, 65535);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().message, "expected a whole number from 0 to 65535");
    }
}

TEST(values, lists) {
    EXPECT_EQ(parse_list("a,b c , d"), (std::vector<std::string>{"a", "b", "c", "d"}));
    EXPECT_EQ(parse_list(" , "), std::vector<std::string>());
}

TEST(values, flags) {
    for (const auto* text : {"true", "True", "TRUE"})
        EXPECT_TRUE(parse_flag(text).value()) << text;
    for (const auto* text : {"false", "False", "FALSE"})
        EXPECT_FALSE(parse_flag(text).value()) << text;
    for (const auto* text : {"", "yes", "no", "1", "true "})
        EXPECT_EQ(parse_flag(text).error().message, "expected true or false") << text;
}

}  // namespace
}  // namespace sparkgate::config
