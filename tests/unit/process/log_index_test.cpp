#include "sparkgate/process/log_index.hpp"

#include "fixture.hpp"

#include "sparkgate/process/log_file.hpp"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <fstream>
#include <limits>

namespace sparkgate::process {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LogIndexTest : public testing::Test {
protected:
    void write(const std::string& text, std::ios::openmode mode = std::ios::app) {
        std::ofstream(path, mode | std::ios::binary) << text;
    }

    temporary_directory dir;
    std::filesystem::path path = dir.path() / "output.log";
    log_index log{path};
};

TEST_F(LogIndexTest, AMissingFileHasNoLines) {
    EXPECT_EQ(log.line_count(), 0);
    EXPECT_THAT(log.lines(0, 10), IsEmpty());
}

TEST_F(LogIndexTest, AnEmptyFileHasNoLines) {
    write("");
    EXPECT_EQ(log.line_count(), 0);
    EXPECT_THAT(log.lines(0, 10), IsEmpty());
}

TEST_F(LogIndexTest, CountsALastLineWithoutNewline) {
    write("a\nb");
    EXPECT_EQ(log.line_count(), 2);
    EXPECT_THAT(log.lines(0, 10), ElementsAre("a", "b"));
    write("c\n");
    EXPECT_EQ(log.line_count(), 2);
    EXPECT_THAT(log.lines(0, 10), ElementsAre("a", "bc"));
}

TEST_F(LogIndexTest, KeepsEmptyLinesAndBytesThatAreNotUtf8) {
    write("\n\n\xff\xfe\r\n\n");
    EXPECT_EQ(log.line_count(), 4);
    EXPECT_THAT(log.lines(0, 10), ElementsAre("", "", "\xff\xfe\r", ""));
}

TEST_F(LogIndexTest, FollowsAGrowingFile) {
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

TEST_F(LogIndexTest, FindsEveryLineAroundTheMarks) {
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

TEST_F(LogIndexTest, LeavesOutWhatLiesBeyondTheEnd) {
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

TEST_F(LogIndexTest, CutsALineThatIsLongerThanAPage) {
    write("first\n" + std::string(log_index::max_page_bytes + 10, 'x') + "\nlast\n");
    EXPECT_EQ(log.line_count(), 3);
    EXPECT_THAT(log.lines(0, 10), ElementsAre("first"));
    const auto cut = log.lines(1, 10);
    ASSERT_EQ(cut.size(), 1u);
    EXPECT_EQ(cut[0], std::string(log_index::max_page_bytes, 'x'));
    EXPECT_THAT(log.lines(2, 10), ElementsAre("last"));
}

TEST_F(LogIndexTest, APageEndsEarlyAndTheNextGoesOn) {
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

TEST_F(LogIndexTest, AMillionEmptyLinesAreBounded) {
    write(std::string(1'000'000, '\n'));
    EXPECT_EQ(log.line_count(), 1'000'000);
    EXPECT_LE(log.lines(0, 1'000'000).size(), log_index::max_page_bytes / sizeof(std::string));
}

TEST_F(LogIndexTest, ATruncatedFileIsReadAnew) {
    write("a\nb\nc\n");
    EXPECT_EQ(log.line_count(), 3);
    write("d\n", std::ios::trunc);
    EXPECT_EQ(log.line_count(), 1);
    EXPECT_THAT(log.lines(0, 10), ElementsAre("d"));
}

TEST_F(LogIndexTest, AReplacedOrRemovedFileIsNoticed) {
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

// A file whose middle was removed as the shim does it: a hole of whole blocks.
class LogHoleTest : public LogIndexTest {
protected:
    static constexpr int line_bytes = 64, count = 16 * 1024;  // 1 MiB

    void SetUp() override {
        std::string text;
        for (int i = 0; i < count; ++i)
            text += line(i) + "\n";
        write(text);
    }
    static std::string line(int number) {
        std::string out = std::to_string(number);
        out.resize(line_bytes - 1, '.');
        return out;
    }
    void punch(std::int64_t begin, std::int64_t end) {
        const unique_fd fd(::open(path.c_str(), O_WRONLY | O_APPEND));
        ASSERT_EQ(::fallocate(fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, begin, end - begin), 0);
    }
    static constexpr std::int64_t kib = 1024;
    static std::string remark(std::int64_t bytes) {
        return "sparkgate: " + std::to_string(bytes) +
               " bytes of output were removed here, the log had grown too large";
    }
};

TEST_F(LogHoleTest, OneLineStandsForWhatWasRemoved) {
    punch(256 * kib, 512 * kib);
    const auto head = 256 * kib / line_bytes, tail = 512 * kib / line_bytes;
    // A line at the hole's end might have begun in it: reading goes on after the next newline.
    EXPECT_EQ(log.line_count(), head + 1 + (count - tail - 1));
    EXPECT_THAT(log.lines(head - 1, 3),
                ElementsAre(line(head - 1), remark(256 * kib + line_bytes), line(tail + 1)));
    EXPECT_THAT(log.lines(head, 1), ElementsAre(remark(256 * kib + line_bytes)));
    EXPECT_THAT(log.lines(head + 1, 1), ElementsAre(line(tail + 1)));
    EXPECT_THAT(log.lines(log.line_count() - 1, 5), ElementsAre(line(count - 1)));
    EXPECT_THAT(log.lines(head + 2000, 1), ElementsAre(line(tail + 2000)));
}

TEST_F(LogHoleTest, AHoleThatComesAndGrowsIsNoticed) {
    EXPECT_EQ(log.line_count(), count);
    punch(256 * kib, 512 * kib);
    EXPECT_THAT(log.lines(256 * kib / line_bytes, 1), ElementsAre(remark(256 * kib + line_bytes)));
    write("more\n");
    punch(512 * kib, 768 * kib);
    EXPECT_THAT(log.lines(256 * kib / line_bytes, 1), ElementsAre(remark(512 * kib + line_bytes)));
    EXPECT_THAT(log.lines(log.line_count() - 1, 1), ElementsAre("more"));
}

TEST_F(LogHoleTest, LinesThatTheHoleCutsAreNotShown) {
    write(std::string(100 * kib, 'x') + "\nlast\n");
    punch(960 * kib, 1088 * kib);  // ends inside the long line
    EXPECT_THAT(log.lines(960 * kib / line_bytes, 10), ElementsAre(remark(164 * kib + 1), "last"));
}

TEST_F(LogIndexTest, NoDescriptorIsKept) {
    write("a\n");
    EXPECT_THAT(log.lines(0, 1), ElementsAre("a"));
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code ec;
        EXPECT_NE(std::filesystem::read_symlink(entry.path(), ec), path);
    }
}

}  // namespace
}  // namespace sparkgate::process
