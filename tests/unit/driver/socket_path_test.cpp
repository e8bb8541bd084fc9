// Where the drivers' socket lies.
#include "driver/socket_path.hpp"

#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace sparkgate::driver {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;

// A directory path so long that the socket's path below it has `size` characters.
fs::path directory_for(const fs::path& below, std::size_t size) {
    const std::size_t rest = size - below.native().size() - std::string("//driver.sock").size();
    return below / std::string(rest, 'd');
}

TEST(socket_path, lies_in_the_directory_as_long_as_it_fits) {
    const test::temp_dir dir;
    const auto fits = directory_for(dir.path(), longest);
    EXPECT_EQ(choose_socket_path(fits).value(), fits / "driver.sock");
    const auto chosen = choose_socket_path(directory_for(dir.path(), longest + 1)).value();
    EXPECT_TRUE(chosen.native().starts_with("/tmp/sparkgate-" + std::to_string(::geteuid()) + "-")) << chosen;
    fs::remove(chosen.parent_path());
}

TEST(socket_path, of_a_long_directory_is_short_private_stable_and_its_own) {
    const test::temp_dir dir;
    const auto one = directory_for(dir.path(), 200), two = directory_for(dir.path(), 201);
    const auto chosen = choose_socket_path(one).value();
    EXPECT_LE(chosen.native().size(), longest);
    struct stat status {};
    ASSERT_EQ(::stat(chosen.parent_path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0700u);
    EXPECT_EQ(choose_socket_path(one).value(), chosen);
    const auto other = choose_socket_path(two).value();
    EXPECT_NE(other, chosen);
    fs::remove(chosen.parent_path());
    fs::remove(other.parent_path());
}

TEST(socket_path, a_place_that_others_can_enter_is_refused) {
    const test::temp_dir dir;
    const auto far = directory_for(dir.path(), 202);
    const auto place = choose_socket_path(far).value().parent_path();
    fs::permissions(place, fs::perms(0755));
    const auto refused = choose_socket_path(far);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::unavailable);
    EXPECT_EQ(refused.error().message, place.string() + " is not a private directory of this user");

    fs::remove(place);
    fs::create_directory_symlink(dir.path(), place);  // somebody else's trap
    EXPECT_FALSE(choose_socket_path(far));
    fs::remove(place);
}

}  // namespace
}  // namespace sparkgate::driver
