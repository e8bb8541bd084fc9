#include "sparkgate/base/host_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace sparkgate {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view hosts =
    "# gate is not here\n"
    "127.0.0.1 localhost\n"
    "\n"
    "127.0.1.1\tgate.example.org  gate # old.example.org\n"
    "10.0.0.7 gateway gate2\n"
    "0.0.0.0 tracker.example\n"
    "::1 GATE ip6-gate";

TEST(host_names, are_those_beside_the_own_one) {
    EXPECT_THAT(names_beside("gate", hosts), ElementsAre("gate.example.org", "gate", "GATE", "ip6-gate"));
    EXPECT_THAT(names_beside("gate2", hosts), ElementsAre("gateway", "gate2"));
    EXPECT_THAT(names_beside("old.example.org", hosts), IsEmpty());
    EXPECT_THAT(names_beside("127.0.0.1", hosts), IsEmpty());
    EXPECT_THAT(names_beside("gate", ""), IsEmpty());
}

TEST(host_names, have_the_host_name) {
    char name[256] = "";
    ASSERT_EQ(::gethostname(name, sizeof name), 0);
    EXPECT_THAT(own_host_names(), Contains(name));
}

TEST(own_addresses, have_loopback) {
    EXPECT_THAT(own_addresses(), Contains("127.0.0.1"));
}

}  // namespace
}  // namespace sparkgate
