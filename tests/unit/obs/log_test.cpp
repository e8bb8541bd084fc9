// The log's line format and the taming of foreign text.
#include "sparkgate/obs/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

namespace sparkgate::obs {
namespace {

using ::testing::MatchesRegex;

class log : public ::testing::Test {
protected:
    ~log() override { spdlog::set_default_logger(before_); }
    std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(log, one_line_per_event_in_utc_on_stderr) {
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    set_up_logging("info");
    spdlog::info("text with {}", 1);
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                MatchesRegex(
                    "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z info  text with 1\n"));
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST_F(log, each_level_shows_itself_and_what_is_worse) {
    const std::vector<std::string> levels{"debug", "info", "warn", "error"};
    for (std::size_t chosen = 0; chosen < levels.size(); ++chosen) {
        testing::internal::CaptureStderr();
        set_up_logging(levels[chosen]);
        spdlog::debug("a debug");
        spdlog::info("a info");
        spdlog::warn("a warn");
        spdlog::error("a error");
        const auto text = testing::internal::GetCapturedStderr();
        for (std::size_t each = 0; each < levels.size(); ++each)
            EXPECT_EQ(text.find("a " + levels[each]) != std::string::npos, each >= chosen)
                << levels[each] << " at level " << levels[chosen];
    }
}

struct foreign {
    std::string text, shown;
};

TEST(printable, table) {
    const std::vector<foreign> table{
        {"", ""},
        {"plain text", "plain text"},
        {"größer", "größer"},
        {"two\nlines\r", "two\\x0alines\\x0d"},
        {"\x1b[31mred\x7f", "\\x1b[31mred\\x7f"},
        {std::string("a\0b", 3), "a\\x00b"},
        // Other ends of lines, what turns the direction of text, what is no UTF-8.
        {"a\xC2\x85"
         "b\u2028c\u2029",
         "a\\u0085b\\u2028c\\u2029"},
        {"\u202Eevil\u2066\u200F\uFEFF\u061C", "\\u202eevil\\u2066\\u200f\\ufeff\\u061c"},
        {"\xff\xc3(\xed\xa0\x80\xf0\x9f\x98", "\\xff\\xc3(\\xed\\xa0\\x80\\xf0\\x9f\\x98"},
        {"😀", "😀"},
        {std::string(200, 'x'), std::string(200, 'x')},
        {std::string(201, 'x'), std::string(200, 'x') + "…"},
        {std::string(199, 'x') + "é", std::string(199, 'x') + "…"},  // never half a character
    };
    for (const auto& [text, shown] : table)
        EXPECT_EQ(printable(text), shown);
}

}  // namespace
}  // namespace sparkgate::obs
