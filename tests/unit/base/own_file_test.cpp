// What is opened is ours, and nothing else.
#include "sparkgate/base/own_file.hpp"

#include "support/temp_dir.hpp"

#include "sparkgate/base/files.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>

namespace sparkgate {
namespace {

namespace fs = std::filesystem;

mode_t mode_of(const fs::path& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0 ? found.st_mode & 07777 : 0;
}

class own_file : public ::testing::Test {
protected:
    // Both ways to look at a file say the same, and do nothing to it.
    void expect_refused(const std::string& why) {
        for (const auto& message : {open_private_file(file, O_RDWR).error().message,
                                    open_private_file(file, O_WRONLY | O_APPEND).error().message,
                                    check_private_file(file).error().message})
            EXPECT_EQ(message, file.string() + " " + why);
    }

    test::temp_dir dir;
    const fs::path file = dir.path() / "file";
};

TEST_F(own_file, is_created_private_whatever_the_umask) {
    const auto before = ::umask(0);
    EXPECT_TRUE(check_private_file(file));
    EXPECT_TRUE(open_private_file(file, O_WRONLY | O_APPEND));
    EXPECT_TRUE(make_own_directory(dir.path() / "room"));
    ::umask(before);
    EXPECT_EQ(mode_of(file), 0600u);
    EXPECT_EQ(mode_of(dir.path() / "room"), 0700u);
    EXPECT_TRUE(check_private_file(file));
}

TEST_F(own_file, that_others_could_read_is_private_from_now_on) {
    std::ofstream(file) << "kept";
    fs::permissions(file, fs::perms(0666));
    EXPECT_TRUE(open_private_file(file, O_RDWR));
    EXPECT_EQ(mode_of(file), 0600u);
    EXPECT_EQ(read_file(file).value(), "kept");
}

TEST_F(own_file, is_no_link) {
    const auto target = dir.path() / "target";
    fs::create_symlink(target, file);
    expect_refused("is a link, which is not followed");
    EXPECT_FALSE(fs::exists(target));
    std::ofstream(target) << "kept";
    expect_refused("is a link, which is not followed");
    EXPECT_EQ(read_file(target).value(), "kept");
}

TEST_F(own_file, is_nothing_else_than_a_regular_file) {
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    expect_refused("is not a regular file");
    fs::remove(file);
    fs::create_directory(file);
    expect_refused("is not a regular file");
}

TEST_F(own_file, of_another_user_is_refused) {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root";
    std::ofstream(file) << "theirs";
    ASSERT_EQ(::chown(file.c_str(), 65534, 65534), 0);
    expect_refused("belongs to another user");
    fs::remove(file);
    fs::create_directory(file);
    ASSERT_EQ(::chown(file.c_str(), 65534, 65534), 0);
    EXPECT_EQ(make_own_directory(file).error().message, file.string() + " belongs to another user");
}

TEST_F(own_file, a_directory_is_no_link_and_no_file) {
    fs::create_directory_symlink(dir.path(), file);
    EXPECT_EQ(make_own_directory(file).error().message, file.string() + " is a link, which is not followed");
    fs::remove(file);
    std::ofstream(file) << "a file";
    EXPECT_EQ(make_own_directory(file).error().message, file.string() + " is not a directory");
    fs::remove(file);
    EXPECT_TRUE(make_own_directory(file));
    EXPECT_TRUE(make_own_directory(file)) << "one that exists is fine";
    EXPECT_EQ(make_own_directory(file / "a" / "b").error().code, errc::unavailable);
}

}  // namespace
}  // namespace sparkgate
