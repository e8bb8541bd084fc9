#include "sparkgate/process/log_file.hpp"

#include "fixture.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace sparkgate::process {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LogFileTest : public testing::Test {
protected:
    void write(const std::string& text) { std::ofstream(path, std::ios::app | std::ios::binary) << text; }

    temporary_directory dir;
    std::filesystem::path path = dir.path() / "output.log";
    log_file log{path};
};

TEST_F(LogFileTest, AMissingOrEmptyFileHasNoLines) {
    EXPECT_THAT(log.last_lines(10).lines, IsEmpty());
    EXPECT_TRUE(log.last_lines(10).whole);
    write("");
    EXPECT_THAT(log.last_lines(10).lines, IsEmpty());
    EXPECT_TRUE(log.last_lines(10).whole);
}

TEST_F(LogFileTest, TheNewestLines) {
    write("a\n\nb\nc");
    EXPECT_THAT(log.last_lines(2).lines, ElementsAre("b", "c"));
    EXPECT_FALSE(log.last_lines(3).whole);
    EXPECT_THAT(log.last_lines(3).lines, ElementsAre("", "b", "c"));
    for (const std::size_t count : {4u, 5u, 100u}) {
        EXPECT_THAT(log.last_lines(count).lines, ElementsAre("a", "", "b", "c"));
        EXPECT_TRUE(log.last_lines(count).whole);
    }
    EXPECT_THAT(log.last_lines(0).lines, IsEmpty());
    write("\n\n");
    EXPECT_THAT(log.last_lines(2).lines, ElementsAre("c", ""));
}

TEST_F(LogFileTest, LooksAtTheEndOfALargeFileOnly) {
    write("first\n" + std::string(100'000, 'x') + "\nlast\n");
    const auto seen = log.last_lines(10);
    ASSERT_EQ(seen.lines.size(), 2u);
    EXPECT_EQ(seen.lines[0].find_first_not_of('x'), std::string::npos);
    EXPECT_LE(seen.lines[0].size(), 64u << 10);
    EXPECT_EQ(seen.lines[1], "last");
    EXPECT_FALSE(seen.whole);
}

TEST_F(LogFileTest, AppendsLinesOfTheirOwn) {
    ASSERT_TRUE(log.append("sparkgate: one"));
    write("half");
    ASSERT_TRUE(log.append("sparkgate: two"));
    EXPECT_THAT(log.last_lines(10).lines, ElementsAre("sparkgate: one", "half", "sparkgate: two"));
    EXPECT_FALSE(log_file(dir.path() / "gone" / "output.log").append("x"));
}

}  // namespace
}  // namespace sparkgate::process
