#include "sparkgate/process/log_file.hpp"

#include "fixture.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <limits>

namespace sparkgate::process {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LogFileTest : public testing::Test {
protected:
    void write(const std::string& text, std::ios::openmode mode = std::ios::app) {
        std::ofstream(path, mode | std::ios::binary) << text;
    }

    temporary_directory dir;
    std::filesystem::path path = dir.path() / "output.log";
    log_file log{path};
};

TEST_F(LogFileTest, AMissingFileHasNoLines) {
    EXPECT_EQ(log.line_count(), 0);
    EXPECT_THAT(log.lines(0, 10), IsEmpty());
}

TEST_F(LogFileTest, AnEmptyFileHasNoLines) {
    write("");
    EXPECT_EQ(log.line_count(), 0);
    EXPECT_THAT(log.lines(0, 10), IsEmpty());
}

TEST_F(LogFileTest, CountsALastLineWithoutNewline) {
    write("a\nb");
    EXPECT_EQ(log.line_count(), 2);
    EXPECT_THAT(log.lines(0, 10), ElementsAre("a", "b"));
    write("c\n");
    EXPECT_EQ(log.line_count(), 2);
    EXPECT_THAT(log.lines(0, 10), ElementsAre("a", "bc"));
}

TEST_F(LogFileTest, KeepsEmptyLinesAndBytesThatAreNotUtf8) {
    write("\n\n\xff\xfe\r\n\n");
    EXPECT_EQ(log.line_count(), 4);
    EXPECT_THAT(log.lines(0, 10), ElementsAre("", "", "\xff\xfe\r", ""));
}

TEST_F(LogFileTest, FollowsAGrowingFile) {
    EXPECT_EQ(log.line_count(), 0);
    for (int i = 0; i < 3000; ++i) {
        write(std::to_string(i) + "\n");
        if (i % 500 == 0) {
            EXPECT_EQ(log.line_count(), i + 1);
        }
    }
    EXPECT_EQ(log.line_count(), 3000);
    EXPECT_THAT(log.lines(2998, 100), ElementsAre("2998", "2999"));
}

TEST_F(LogFileTest, FindsEveryLineAroundTheMarks) {
    std::string text;
    for (int i = 0; i < 5000; ++i)
        text += "line " + std::to_string(i) + "\n";
    write(text);
    for (const int from : {0, 1, 1022, 1023, 1024, 1025, 2047, 2048, 4095, 4096, 4999}) {
        const auto lines = log.lines(from, 2);
        ASSERT_FALSE(lines.empty()) << from;
        EXPECT_EQ(lines[0], "line " + std::to_string(from));
        if (from < 4999) {
            EXPECT_EQ(lines.at(1), "line " + std::to_string(from + 1));
        }
    }
    EXPECT_EQ(log.lines(0, 5000).size(), 5000u);
}

TEST_F(LogFileTest, LeavesOutWhatLiesBeyondTheEnd) {
    constexpr auto huge = std::numeric_limits<std::int64_t>::max();
    write("a\nb\n");
    EXPECT_THAT(log.lines(1, 10), ElementsAre("b"));
    EXPECT_THAT(log.lines(0, huge), ElementsAre("a", "b"));
    EXPECT_THAT(log.lines(1, huge), ElementsAre("b"));
    EXPECT_THAT(log.lines(2, 10), IsEmpty());
    EXPECT_THAT(log.lines(huge, huge), IsEmpty());
    EXPECT_THAT(log.lines(-5, 1), ElementsAre("a"));
    EXPECT_THAT(log.lines(0, 0), IsEmpty());
    EXPECT_THAT(log.lines(0, -1), IsEmpty());
}

TEST_F(LogFileTest, CutsALineThatIsLongerThanAPage) {
    write("first\n" + std::string(log_file::max_page_bytes + 10, 'x') + "\nlast\n");
    EXPECT_EQ(log.line_count(), 3);
    EXPECT_THAT(log.lines(0, 10), ElementsAre("first"));
    const auto cut = log.lines(1, 10);
    ASSERT_EQ(cut.size(), 1u);
    EXPECT_EQ(cut[0], std::string(log_file::max_page_bytes, 'x'));
    EXPECT_THAT(log.lines(2, 10), ElementsAre("last"));
}

TEST_F(LogFileTest, APageEndsEarlyAndTheNextGoesOn) {
    const std::string line(1000, 'x');
    std::string text;
    for (int i = 0; i < 10'000; ++i)
        text += line + std::to_string(i) + "\n";
    write(text);
    std::int64_t at = 0;
    for (int pages = 0; at < 10'000; ++pages) {
        ASSERT_LT(pages, 5);
        const auto page = log.lines(at, 10'000);
        ASSERT_FALSE(page.empty());
        EXPECT_EQ(page.front(), line + std::to_string(at));
        at += static_cast<std::int64_t>(page.size());
        EXPECT_EQ(page.back(), line + std::to_string(at - 1));
    }
}

TEST_F(LogFileTest, AMillionEmptyLinesAreBounded) {
    write(std::string(1'000'000, '\n'));
    EXPECT_EQ(log.line_count(), 1'000'000);
    EXPECT_LE(log.lines(0, 1'000'000).size(), log_file::max_page_bytes / sizeof(std::string));
}

TEST_F(LogFileTest, ATruncatedFileIsReadAnew) {
    write("a\nb\nc\n");
    EXPECT_EQ(log.line_count(), 3);
    write("d\n", std::ios::trunc);
    EXPECT_EQ(log.line_count(), 1);
    EXPECT_THAT(log.lines(0, 10), ElementsAre("d"));
}

TEST_F(LogFileTest, AReplacedOrRemovedFileIsNoticed) {
    write("a\n");
    EXPECT_EQ(log.line_count(), 1);
    std::filesystem::remove(path);
    EXPECT_EQ(log.line_count(), 0);
    EXPECT_THAT(log.lines(0, 10), IsEmpty());
    write("b\nc\nd\n");
    EXPECT_THAT(log.lines(0, 10), ElementsAre("b", "c", "d"));
    std::filesystem::rename(path, dir.path() / "old");
    write("e\nf\ng\nh\n");
    EXPECT_THAT(log.lines(0, 10), ElementsAre("e", "f", "g", "h"));
}

TEST_F(LogFileTest, AppendsLinesOfTheirOwn) {
    ASSERT_TRUE(log.append("sparkgate: one"));
    write("half");
    ASSERT_TRUE(log.append("sparkgate: two"));
    EXPECT_THAT(log.lines(0, 10), ElementsAre("sparkgate: one", "half", "sparkgate: two"));
    EXPECT_FALSE(log_file(dir.path() / "gone" / "output.log").append("x"));
}

TEST_F(LogFileTest, AHugeFileIsPagedInConstantMemory) {
    // 256 MiB of which nearly all is a hole: blocks of zeros without a newline.
    constexpr std::int64_t hole = 256 << 20;
    write("first\n");
    std::filesystem::resize_file(path, hole);
    write("\nlast\n");
    EXPECT_EQ(log.line_count(), 3);
    EXPECT_THAT(log.lines(2, 1), ElementsAre("last"));
    EXPECT_EQ(log.lines(1, 1).at(0).size(), log_file::max_page_bytes);
}

}  // namespace
}  // namespace sparkgate::process
