#include "sparkgate/base/remove_tree.hpp"

#include "support/hostile_file.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>

namespace sparkgate {
namespace {

class remove_tree_test : public ::testing::Test {
protected:
    std::filesystem::path top() { return dir.path() / "top"; }
    bool is_gone() { return !std::filesystem::exists(std::filesystem::symlink_status(top())); }

    test::temp_dir dir;
};

TEST_F(remove_tree_test, removes_all_and_follows_nothing) {
    const auto elsewhere = dir.path() / "elsewhere";
    std::filesystem::create_directory(elsewhere);
    std::filesystem::create_directories(top() / "a" / "b" / "c");
    std::ofstream(top() / "a" / "b" / "file") << "text";
    int number = 0;
    for (const auto& each : test::hostile_files()) {
        const auto name = std::to_string(number++);
        std::filesystem::create_directory(elsewhere / name);
        ASSERT_TRUE(each.make(top() / name, elsewhere / name));
    }
    std::ofstream(elsewhere / "5" / "directory" / "kept") << "text";
    const auto removed = remove_tree(top());
    ASSERT_TRUE(removed) << removed.error().message;
    EXPECT_TRUE(is_gone());
    EXPECT_TRUE(std::filesystem::exists(elsewhere / "1" / "file"));
    EXPECT_TRUE(std::filesystem::exists(elsewhere / "5" / "directory" / "kept"));
    EXPECT_TRUE(remove_tree(top())) << "what is not there is no error";
}

TEST_F(remove_tree_test, removes_what_is_no_directory) {
    for (const auto& each : test::hostile_files()) {
        const auto elsewhere = dir.path() / "elsewhere";
        std::filesystem::create_directory(elsewhere);
        ASSERT_TRUE(each.make(top(), elsewhere)) << each.what;
        const auto removed = remove_tree(top());
        EXPECT_TRUE(removed) << each.what << ": " << removed.error().message;
        EXPECT_TRUE(is_gone()) << each.what;
        std::filesystem::remove_all(elsewhere);
    }
}

TEST_F(remove_tree_test, enters_directories_of_any_mode) {
    std::filesystem::create_directories(top() / "closed" / "within");
    std::ofstream(top() / "closed" / "within" / "file") << "text";
    for (const auto* name : {"closed/within", "closed", "."})
        ASSERT_EQ(::chmod((top() / name).c_str(), 0), 0);
    EXPECT_TRUE(remove_tree(top()));
    EXPECT_TRUE(is_gone());
}

TEST_F(remove_tree_test, a_deep_tree_takes_few_descriptors) {
    ASSERT_EQ(::mkdir(top().c_str(), 0700), 0);
    int at = ::open(top().c_str(), O_RDONLY | O_DIRECTORY);
    for (int depth = 0; depth < 3000; ++depth) {
        ASSERT_EQ(::mkdirat(at, "a_name_that_makes_the_path_long", 0700), 0);
        const int next = ::openat(at, "a_name_that_makes_the_path_long", O_RDONLY | O_DIRECTORY);
        ::close(at);
        at = next;
    }
    ::close(at);
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit few = before;
    few.rlim_cur = 64;
    ::setrlimit(RLIMIT_NOFILE, &few);
    const auto removed = remove_tree(top());
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_TRUE(removed) << removed.error().message;
    EXPECT_TRUE(is_gone());
}

TEST_F(remove_tree_test, says_what_it_could_not_remove_and_removes_the_rest) {
    const auto removed = remove_tree("/proc/self/fd");
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().code, errc::unavailable);
    EXPECT_NE(removed.error().message.find("cannot remove /proc/self/fd"), std::string::npos);
}

}  // namespace
}  // namespace sparkgate
