// Small files and directories of the gateway's own state.
#include "sparkgate/base/files.hpp"

#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sys/stat.h>

namespace sparkgate {
namespace {

namespace fs = std::filesystem;

unsigned mode_of(const fs::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return 0;
    return status.st_mode & 07777u;
}

std::size_t entries(const fs::path& directory) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

class files : public ::testing::Test {
protected:
    test::temp_dir dir;
    const fs::path file = dir.path() / "file";
};

TEST_F(files, a_written_file_is_read_back) {
    const std::string text("a\0b\r\n\xff", 6);
    ASSERT_TRUE(write_file_atomically(file, text));
    EXPECT_EQ(read_file(file).value(), text);
}

TEST_F(files, a_written_file_is_private) {
    ASSERT_TRUE(write_file_atomically(file, "secret"));
    EXPECT_EQ(mode_of(file), 0600u);
}

TEST_F(files, writing_replaces_the_whole_file) {
    ASSERT_TRUE(write_file_atomically(file, "a long text"));
    ASSERT_TRUE(write_file_atomically(file, "short"));
    EXPECT_EQ(read_file(file).value(), "short");
    EXPECT_EQ(entries(dir.path()), 1u);  // no temporary file stays
}

TEST_F(files, a_reader_keeps_the_file_that_it_has_opened) {
    ASSERT_TRUE(write_file_atomically(file, "old"));
    std::ifstream reader(file);
    ASSERT_TRUE(write_file_atomically(file, "new"));
    std::string text;
    reader >> text;
    EXPECT_EQ(text, "old");
}

TEST_F(files, a_file_left_by_a_crash_does_not_lend_its_mode) {
    const fs::path leftover = file.string() + ".tmp";
    std::ofstream(leftover) << "half";
    fs::permissions(leftover, fs::perms(0644));
    ASSERT_TRUE(write_file_atomically(file, "secret"));
    EXPECT_EQ(mode_of(file), 0600u);
    EXPECT_EQ(read_file(file).value(), "secret");
}

TEST_F(files, writing_where_it_is_impossible_is_unavailable_and_leaves_nothing) {
    const auto missing = write_file_atomically(dir.path() / "none" / "file", "x");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, errc::unavailable);
    EXPECT_NE(missing.error().message.find("No such file or directory"), std::string::npos);

    fs::create_directory(file);
    const auto onto_directory = write_file_atomically(file, "x");
    ASSERT_FALSE(onto_directory);
    EXPECT_EQ(onto_directory.error().code, errc::unavailable);
    EXPECT_NE(onto_directory.error().message.find(file.string()), std::string::npos);
    EXPECT_EQ(entries(dir.path()), 1u);
}

TEST_F(files, reading_is_limited) {
    ASSERT_TRUE(write_file_atomically(file, std::string(100'000, 'x')));
    EXPECT_EQ(read_file(file, 100'000).value().size(), 100'000u);
    const auto refused = read_file(file, 99'999);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::too_large);
}

TEST_F(files, reading_says_why_it_failed) {
    const auto missing = read_file(file);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, errc::not_found);
    EXPECT_EQ(missing.error().message, "cannot open " + file.string() + ": No such file or directory");
    const auto directory = read_file(dir.path());
    ASSERT_FALSE(directory);
    EXPECT_EQ(directory.error().code, errc::unavailable);
}

TEST_F(files, a_private_directory_and_its_new_parents_are_private) {
    const fs::path path = dir.path() / "a" / "b" / "c";
    ASSERT_TRUE(make_private_directory(path));
    EXPECT_EQ(mode_of(path), 0700u);
    EXPECT_EQ(mode_of(path.parent_path()), 0700u);
    EXPECT_EQ(mode_of(path.parent_path().parent_path()), 0700u);
    EXPECT_TRUE(make_private_directory(path)) << "one that exists is fine";
    EXPECT_TRUE(make_private_directory(path / "d" / "")) << "so is a slash at the end";
}

TEST_F(files, a_directory_that_cannot_be_is_unavailable) {
    std::ofstream(file) << "a file";
    for (const auto& path : {file, file / "below", file / "below" / "it"}) {
        const auto made = make_private_directory(path);
        ASSERT_FALSE(made) << path;
        EXPECT_EQ(made.error().code, errc::unavailable);
        EXPECT_NE(made.error().message.find(file.string()), std::string::npos);
    }
}

}  // namespace
}  // namespace sparkgate
