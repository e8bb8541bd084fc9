// Files that hostile code may have replaced.
#include "support/hostile_file.hpp"
#include "support/temp_dir.hpp"

#include "sparkgate/base/own_file.hpp"

#include <gtest/gtest.h>

namespace sparkgate {
namespace {

class replaced_file : public ::testing::Test {
protected:
    std::filesystem::path place() { return dir.path() / "place"; }

    // Each kind in turn at place(), beside what it points to.
    void for_each_kind(const std::function<void(const std::string&)>& check) {
        for (const auto& each : test::hostile_files()) {
            const auto elsewhere = dir.path() / "elsewhere";
            std::filesystem::create_directory(elsewhere);
            ASSERT_TRUE(each.make(place(), elsewhere)) << each.what;
            check(each.what);
            std::filesystem::remove_all(place());
            std::filesystem::remove_all(elsewhere);
        }
    }

    std::size_t things_elsewhere() {
        const std::filesystem::directory_iterator all(dir.path() / "elsewhere");
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }

    test::temp_dir dir;
};

TEST_F(replaced_file, what_was_put_in_its_place_is_neither_opened_nor_waited_for) {
    for_each_kind([this](const std::string& what) {
        const auto before = things_elsewhere();
        for (const auto how : {own_access::read, own_access::append, own_access::write}) {
            const auto opened = open_own_file(place(), how);
            ASSERT_FALSE(opened) << what;
            EXPECT_EQ(opened.error().code, errc::unavailable) << what;
            EXPECT_NE(opened.error().message.find(place().string() + " is "), std::string::npos) << what;
        }
        EXPECT_FALSE(read_own_file(place(), 1000)) << what;
        EXPECT_EQ(open_own_fifo(place()).has_value(), what == "a FIFO");
        EXPECT_EQ(make_own_directory(place()).has_value(),
                  what == "a directory" || what == "a full directory")
            << what;
        EXPECT_TRUE(is_taken(place())) << what;
        EXPECT_EQ(things_elsewhere(), before) << what << ": nothing is made where a link leads";
    });
}

TEST_F(replaced_file, its_directory_may_not_be_a_link_either) {
    std::filesystem::create_directory(dir.path() / "true");
    std::ofstream(dir.path() / "true" / "file") << "text";
    std::filesystem::create_directory_symlink(dir.path() / "true", dir.path() / "link");
    EXPECT_TRUE(open_own_file(dir.path() / "true" / "file"));
    EXPECT_FALSE(open_own_file(dir.path() / "link" / "file"));
    EXPECT_FALSE(open_own_file(dir.path() / "link" / "new", own_access::write));
    EXPECT_FALSE(std::filesystem::exists(dir.path() / "true" / "new"));
}

TEST_F(replaced_file, a_plain_file_is_made_written_and_read) {
    EXPECT_EQ(open_own_file(place()).error().code, errc::not_found);
    EXPECT_EQ(open_own_file(dir.path() / "no" / "file").error().code, errc::not_found);
    EXPECT_FALSE(is_taken(place()));
    const auto made = open_own_file(place(), own_access::append);
    ASSERT_TRUE(made);
    EXPECT_EQ(::write(made->get(), "text", 4), 4);
    struct stat status {};
    ASSERT_EQ(::fstat(made->get(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0600u);
    EXPECT_EQ(read_own_file(place(), 4).value(), "text");
    EXPECT_EQ(read_own_file(place(), 3).error().code, errc::too_large);
}

TEST_F(replaced_file, a_huge_one_is_not_read) {
    std::ofstream file(place());
    std::filesystem::resize_file(place(), std::uintmax_t{1} << 40);
    EXPECT_EQ(read_own_file(place(), 1 << 16).error().code, errc::too_large);
}

TEST_F(replaced_file, one_of_another_user_is_not_ours) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    std::ofstream file(place());
    ASSERT_EQ(::chown(place().c_str(), 1, 1), 0);
    EXPECT_FALSE(open_own_file(place()));
}

}  // namespace
}  // namespace sparkgate
