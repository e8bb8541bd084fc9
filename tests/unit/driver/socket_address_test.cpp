// What a Unix socket is bound and connected to.
#include "driver/socket_address.hpp"

#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <sys/un.h>

namespace sparkgate::driver {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;

// A path of this size below a directory that exists.
fs::path socket_of_size(const fs::path& below, std::size_t size) {
    const auto name = std::string("/driver.sock");
    const auto directory = below / std::string(size - below.native().size() - 1 - name.size(), 'd');
    fs::create_directories(directory);
    return directory.string() + name;
}

TEST(socket_address, is_the_path_as_long_as_it_fits) {
    const test::temp_dir dir;
    const auto fits = socket_of_size(dir.path(), longest);
    ASSERT_EQ(fits.native().size(), longest);
    EXPECT_EQ(address_of(fits).value().text, fits);
    EXPECT_NE(address_of(socket_of_size(dir.path(), longest + 1)).value().text, fits);
}

TEST(socket_address, of_a_long_path_means_the_same_directory) {
    const test::temp_dir dir;
    const auto far = socket_of_size(dir.path(), 200);
    const auto address = address_of(far).value();
    EXPECT_LE(address.text.size(), longest);
    const fs::path through(address.text);
    EXPECT_EQ(through.filename(), "driver.sock");
    EXPECT_TRUE(fs::equivalent(through.parent_path(), far.parent_path()));
}

TEST(socket_address, of_a_long_path_in_no_directory_is_unavailable) {
    const auto missing = address_of("/nowhere/" + std::string(200, 'd') + "/driver.sock");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, errc::unavailable);
}

}  // namespace
}  // namespace sparkgate::driver
