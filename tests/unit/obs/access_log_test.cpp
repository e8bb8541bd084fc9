// The lines of the access log, and its files.
#include "sparkgate/obs/access_log.hpp"

#include "support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace sparkgate::obs {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::time_t moment = 1'795'705'445;  // 2026-11-26T15:04:05Z

access_entry entry() {
    return {.remote_address = "127.0.0.1",
            .method = "GET",
            .target = "/sessions?size=1",
            .referer = "",
            .user_agent = "curl/8.4",
            .request_id = "62d311a7-2",
            .status = 200,
            .bytes = 559,
            .took = 412us};
}

std::string text_of(const std::filesystem::path& file) {
    std::ostringstream out;
    out << std::ifstream(file).rdbuf();
    return out.str();
}

TEST(access_log, a_line_is_in_the_combined_format) {
    EXPECT_EQ(access_line(entry(), moment),
              "127.0.0.1 - - [26/Nov/2026:15:04:05 +0000] \"GET /sessions?size=1 HTTP/1.1\" 200 559 \"-\" "
              "\"curl/8.4\" 0.000412 62d311a7-2");
}

TEST(access_log, what_a_client_says_cannot_forge_a_line) {
    auto what = entry();
    what.target = "/\" 200 0\n127.0.0.1";
    what.user = "CN=a b";
    EXPECT_THAT(access_line(what, moment), HasSubstr("127.0.0.1 - CN=a_b ["));
    what.user_agent = "a\"b\r\n\x1b";
    EXPECT_THAT(access_line(what, moment), HasSubstr("\"GET /\\\" 200 0\\x0a127.0.0.1 HTTP/1.1\" 200"));
    EXPECT_THAT(access_line(what, moment), HasSubstr("\"a\\\"b\\x0d\\x0a\\x1b\""));
    what.user_agent = "a\\";
    EXPECT_THAT(access_line(what, moment), HasSubstr("\"a\\\\\" "));
    what.user_agent = "\x9b";
    EXPECT_THAT(access_line(what, moment), HasSubstr("\"\\x9b\" "));
}

TEST(access_log, a_line_tells_the_version) {
    auto what = entry();
    what.version = 10;
    EXPECT_THAT(access_line(what, moment), HasSubstr("size=1 HTTP/1.0\" "));
}

TEST(access_log, a_request_that_could_not_be_read_has_dashes) {
    access_entry what;
    what.status = 400;
    EXPECT_THAT(access_line(what, moment),
                HasSubstr("- - - [26/Nov/2026:15:04:05 +0000] \"-\" 400 0 \"-\" \"-\""));
}

TEST(access_log, is_moved_away_when_it_has_grown) {
    const test::temp_dir dir;
    const auto file = dir.path() / "access.log";
    auto log = access_log::open(file, 300, 1).value();
    for (unsigned status = 200; status < 206; ++status) {
        auto what = entry();
        what.status = status;
        log.write(what);
    }
    EXPECT_THAT(text_of(file), HasSubstr(" 205 "));
    EXPECT_THAT(text_of(dir.path() / "access.1.log"), HasSubstr(" 203 "));
    EXPECT_FALSE(std::filesystem::exists(dir.path() / "access.2.log"));
}

TEST(access_log, without_earlier_files_begins_anew) {
    const test::temp_dir dir;
    auto log = access_log::open(dir.path() / "access.log", 300, 0).value();
    for (unsigned status = 200; status < 206; ++status) {
        auto what = entry();
        what.status = status;
        log.write(what);
    }
    const auto text = text_of(dir.path() / "access.log");
    EXPECT_THAT(text, HasSubstr(" 205 "));
    EXPECT_LE(text.size(), 300u);
    EXPECT_FALSE(std::filesystem::exists(dir.path() / "access.1.log"));
}

TEST(access_log, goes_on_with_the_file_of_before_and_makes_it_private) {
    const test::temp_dir dir;
    const auto file = dir.path() / "access.log";
    std::ofstream(file) << "earlier\n";
    std::filesystem::permissions(file, std::filesystem::perms(0666));
    auto log = access_log::open(file, 300, 1).value();
    log.write(entry());
    EXPECT_THAT(text_of(file), testing::StartsWith("earlier\n127.0.0.1"));
    EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0600));
    for (int i = 0; i < 3; ++i)
        log.write(entry());
    EXPECT_THAT(text_of(dir.path() / "access.1.log"), testing::StartsWith("earlier\n"));
    EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0600));
}

TEST(access_log, follows_no_link_also_when_it_moves_files_away) {
    const test::temp_dir dir;
    const auto file = dir.path() / "access.log", target = dir.path() / "target";
    std::filesystem::create_symlink(target, file);
    const auto refused = access_log::open(file, 300, 1);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr(file.string() + " is a link"));
    std::filesystem::remove(file);

    auto log = access_log::open(file, 300, 1).value();
    std::filesystem::create_symlink(target, dir.path() / "access.1.log");
    for (int i = 0; i < 6; ++i)
        log.write(entry());
    EXPECT_FALSE(std::filesystem::exists(target));
    EXPECT_TRUE(
        std::filesystem::is_regular_file(std::filesystem::symlink_status(dir.path() / "access.1.log")));
}

TEST(access_log, a_file_that_cannot_be_opened_is_said) {
    const auto opened = access_log::open("/proc/none/access.log", 1000, 1);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, HasSubstr("the access log cannot be written"));
}

}  // namespace
}  // namespace sparkgate::obs
