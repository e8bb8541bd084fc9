#include "sparkgate/base/new_file.hpp"

#include "support/temp_dir.hpp"

#include "sparkgate/base/files.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <sys/resource.h>

namespace sparkgate {
namespace {

namespace fs = std::filesystem;

class new_file_test : public ::testing::Test {
protected:
    test::temp_dir dir;
    const fs::path file = dir.path() / "file";
};

// Limits the size of files to 4 KiB, which write() reports like a full disk.
class small_files {
public:
    small_files() : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        auto now = before_;
        now.rlim_cur = 4096;
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    ~small_files() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

private:
    void (*handler_)(int);
    rlimit before_{};
};

TEST_F(new_file_test, is_not_there_until_it_is_kept) {
    auto made = new_file::create(file);
    ASSERT_TRUE(made);
    ASSERT_TRUE(made->append("one, "));
    ASSERT_TRUE(made->append("two"));
    EXPECT_FALSE(fs::exists(file));
    ASSERT_TRUE(made->keep());
    EXPECT_EQ(read_file(file).value(), "one, two");
    EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(new_file_test, leaves_nothing_when_it_is_given_up) {
    {
        auto made = new_file::create(file);
        ASSERT_TRUE(made->append("text"));
    }
    EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST_F(new_file_test, says_that_there_is_no_space) {
    {
        const small_files limit;
        auto made = new_file::create(file);
        const auto written = made->append(std::string(5000, 'a'));
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error().code, errc::no_space);
        EXPECT_NE(written.error().message.find(file.string()), std::string::npos);
    }
    EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST_F(new_file_test, says_why_it_cannot_begin) {
    const auto made = new_file::create(dir.path() / "nowhere" / "file");
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, errc::unavailable);
}

}  // namespace
}  // namespace sparkgate
