#include "sparkgate/process/log_follower.hpp"

#include "fixture.hpp"

#include "sparkgate/process/log_index.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <fstream>

namespace sparkgate::process {
namespace {

constexpr std::int64_t kib = 1024;

class LogFollowerTest : public testing::Test {
protected:
    void write(const std::string& text) { std::ofstream(path, std::ios::app | std::ios::binary) << text; }

    // Lines of 64 bytes.
    void write_lines(int from, int to) {
        std::string text;
        for (int i = from; i < to; ++i) {
            auto line = std::to_string(i);
            line.resize(63, '.');
            text += line + "\n";
        }
        write(text);
    }

    // As the shim does it.
    void punch(std::int64_t begin, std::int64_t end) {
        const unique_fd fd(::open(path.c_str(), O_WRONLY | O_APPEND));
        ASSERT_EQ(::fallocate(fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, begin, end - begin), 0);
    }

    static std::string rest(log_follower& log) {
        std::string out;
        for (std::string piece; !(piece = log.read()).empty(); out += piece)
            EXPECT_LE(piece.size(), std::size_t(64 * kib));
        return out;
    }

    // As pages have it.
    std::string lines(std::int64_t from) {
        std::string out;
        for (const auto& line : log_index(path).lines(from, 1'000'000))
            out += line + "\n";
        return out;
    }

    temporary_directory dir;
    std::filesystem::path path = dir.path() / "output.log";
    log_follower log{path, 0};
};

TEST_F(LogFollowerTest, AMissingFileHasNoNews) {
    EXPECT_EQ(log.read(), "");
    write("a\n");
    EXPECT_EQ(log.read(), "a\n");
    std::filesystem::remove(path);
    EXPECT_EQ(log.read(), "");
}

TEST_F(LogFollowerTest, ReadsWhatIsAppended) {
    write("a\nb");
    EXPECT_EQ(log.read(), "a\nb");
    EXPECT_TRUE(log.within_line());
    EXPECT_EQ(log.read(), "");
    EXPECT_TRUE(log.within_line());
    write("c\n\xff");
    EXPECT_EQ(log.read(), "c\n\xff");
    write("\n");
    EXPECT_EQ(log.read(), "\n");
    EXPECT_FALSE(log.within_line());
}

TEST_F(LogFollowerTest, ReadsALargeFileInPieces) {
    write_lines(0, 16 * 1024);
    EXPECT_EQ(rest(log), lines(0));
    write_lines(7, 9);
    EXPECT_EQ(rest(log), lines(16 * 1024));
}

TEST_F(LogFollowerTest, ZerosOfTheProgramItselfAreKept) {
    const std::string text("a\0\0b\n", 5);
    write(text);
    EXPECT_EQ(log.read(), text);
    const std::string zeros(200 * kib, '\0');
    write(zeros);  // written, not a hole
    EXPECT_EQ(rest(log), zeros);
}

TEST_F(LogFollowerTest, BeginsWhereALineDoes) {
    write_lines(0, 5000);
    write("open");
    log_index index(path);
    for (const int line : {0, 1, 1023, 1024, 1025, 4999, 5000}) {
        log_follower from_there(path, index.offset_of(line));
        EXPECT_EQ(rest(from_there) + "\n", lines(line)) << line;
    }
    EXPECT_EQ(index.offset_of(5001), 5000 * 64 + 4) << "the end";
    EXPECT_EQ(index.offset_of(1'000'000), 5000 * 64 + 4);
    EXPECT_EQ(index.offset_of(-1), 0);
    EXPECT_EQ(log_index(dir.path() / "none").offset_of(7), 0);
}

TEST_F(LogFollowerTest, TheLineForWhatWasRemovedIsThatOfThePages) {
    write_lines(0, 16 * 1024);
    punch(256 * kib, 512 * kib);
    EXPECT_EQ(rest(log), lines(0));
    log_index index(path);
    for (const int line : {4000, 4095, 4096, 4097, 6000}) {
        log_follower from_there(path, index.offset_of(line));
        EXPECT_EQ(rest(from_there), lines(line)) << line;
    }
}

// Nor where the reader's pieces happen to end at the hole.
TEST_F(LogFollowerTest, ALineThatTheHoleCutsIsNotShownEither) {
    std::string text;
    for (int i = 0; i < 20'000; ++i)
        text += std::to_string(i) + "...........\n";
    write(text);
    punch(128 * kib, 200 * kib);
    EXPECT_EQ(rest(log), lines(0));
}

TEST_F(LogFollowerTest, TheLineThatTheHoleCutsIsNotShown) {
    write_lines(0, 4);
    const std::string long_line(500 * kib, 'x');
    write(long_line);
    write("\nlast\n");
    punch(16 * kib, 256 * kib);
    EXPECT_EQ(rest(log), lines(0));
}

// The reader is slow: the shim removes what it has not read.
TEST_F(LogFollowerTest, AHoleThatComesInFrontOfTheReader) {
    write_lines(0, 2048);
    const auto before = log.read();
    EXPECT_EQ(before.size(), std::size_t(64 * kib));
    write_lines(2048, 16 * 1024);
    punch(512 * kib, 768 * kib);
    EXPECT_EQ(before + rest(log), lines(0));
}

TEST_F(LogFollowerTest, AHoleAroundTheReader) {
    write_lines(0, 2048);
    write("half a line");
    rest(log);
    write(" and its end\n");
    write_lines(2048, 16 * 1024);
    punch(64 * kib, 512 * kib);
    const auto news = rest(log);
    EXPECT_EQ(news.substr(0, 12), "\nsparkgate: ") << "the half line is ended first";
    EXPECT_EQ(news.substr(news.find("large\n") + 6), lines(0).substr(lines(0).find("large\n") + 6));
}

}  // namespace
}  // namespace sparkgate::process
