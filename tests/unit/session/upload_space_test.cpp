// The room that a session has for files.
#include "support/temp_dir.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/session/upload.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace sparkgate::session {
namespace {

namespace fs = std::filesystem;

class upload_space_test : public ::testing::Test {
protected:
    fs::path file(const std::string& name, std::size_t bytes) {
        fs::create_directories((directory.path() / name).parent_path());
        std::ofstream(directory.path() / name) << std::string(bytes, 'x');
        return directory.path() / name;
    }
    test::temp_dir directory;
};

TEST_F(upload_space_test, what_is_given_back_can_be_taken_again) {
    upload_space space(directory.path(), 10'000);
    const auto own = space.make_directory().value();
    EXPECT_EQ(own, directory.path() / "uploads" / "1");
    EXPECT_TRUE(space.take(5000));
    const auto refused = space.take(5000);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::too_large);
    EXPECT_NE(refused.error().message.find("file.upload.session-size"), std::string::npos);
    EXPECT_FALSE(space.make_directory()) << "a file without a byte costs something, too";
    space.remove_directory(own, "none", 5000);
    EXPECT_FALSE(fs::exists(own));
    EXPECT_TRUE(space.make_directory());
    EXPECT_TRUE(space.take(5000));
}

TEST_F(upload_space_test, what_an_earlier_process_left_counts) {
    file("uploads/1/a.jar", 2000);
    file("uploads/7/b.jar", 1000);
    fs::create_symlink("/dev/zero", directory.path() / "uploads" / "7" / "link");
    upload_space space(directory.path(), 2 * 4096 + 3000 + 4096 + 100);
    EXPECT_EQ(space.make_directory().value().filename(), "2");
    EXPECT_TRUE(space.take(100));
    EXPECT_FALSE(space.take(1));
}

TEST_F(upload_space_test, a_closed_one_makes_nothing_any_more) {
    upload_space space(directory.path(), 10'000);
    space.close();
    EXPECT_EQ(space.make_directory().error().code, errc::conflict);
    EXPECT_TRUE(fs::is_empty(directory.path()));
}

}  // namespace
}  // namespace sparkgate::session
