// Errors as values, and the owner of descriptors.
#include "sparkgate/base/error.hpp"

#include "sparkgate/base/unique_fd.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <fcntl.h>
#include <stdexcept>

namespace sparkgate {
namespace {

TEST(error, carries_the_systems_words) {
    const auto e = system_error(errc::unavailable, "open /x", ENOENT);
    EXPECT_EQ(e.code, errc::unavailable);
    EXPECT_EQ(e.message, "open /x: No such file or directory");
}

TEST(error, converts_to_any_result) {
    const result<int> number = fail(errc::not_found, "no number");
    const result<void> nothing = fail(errc::not_found, "no number");
    EXPECT_EQ(number.error().message, nothing.error().message);
}

TEST(error, value_of_a_failed_result_is_a_bug_that_names_the_error) {
    const result<int> failed = fail(errc::not_found, "no such thing");
    try {
        (void)failed.value();
        FAIL();
    } catch (const std::logic_error& e) {
        EXPECT_NE(std::string(e.what()).find("no such thing"), std::string::npos);
    }
}

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(unique_fd, closes_once) {
    const int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    {
        unique_fd first(number);
        unique_fd second(std::move(first));
        EXPECT_FALSE(first);  // NOLINT: a moved-from owner is empty
        EXPECT_EQ(second.get(), number);
        second = unique_fd(second.release());
        EXPECT_TRUE(is_open(number));
    }
    EXPECT_FALSE(is_open(number));
}

TEST(unique_fd, a_new_descriptor_closes_the_old_one) {
    const int old_one = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    unique_fd owner(old_one);
    owner = unique_fd(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    EXPECT_FALSE(is_open(old_one));
    EXPECT_TRUE(is_open(owner.get()));
}

}  // namespace
}  // namespace sparkgate
