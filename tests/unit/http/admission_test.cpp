#include "http/admission.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace sparkgate::http {
namespace {

const auto address = [](const char* text) { return asio::ip::make_address(text); };

unsigned status_of(const std::optional<admission::place>& place) {
    if (!place) return 0;
    return place->refused ? place->refused->status : 200;
}

TEST(admission, counts_in_all_and_by_address) {
    admission places(3, 2);
    std::deque<std::optional<admission::place>> taken;
    auto enter = [&](const char* from) {
        taken.push_back(places.enter(address(from)));
        return status_of(taken.back());
    };
    EXPECT_EQ(enter("10.0.0.1"), 200U);
    EXPECT_EQ(enter("10.0.0.1"), 200U);
    EXPECT_EQ(enter("10.0.0.1"), 429U);
    EXPECT_EQ(enter("10.0.0.2"), 200U);
    EXPECT_EQ(enter("10.0.0.3"), 503U);
    taken.pop_front();
    EXPECT_EQ(enter("10.0.0.1"), 200U);
    EXPECT_EQ(enter("10.0.0.1"), 503U);
}

TEST(admission, takes_neighbours_in_ipv6_for_one) {
    admission places(10, 1);
    const auto first = places.enter(address("2001:db8:0:1::1"));
    EXPECT_EQ(status_of(first), 200U);
    EXPECT_EQ(status_of(places.enter(address("2001:db8:0:1:ffff::2"))), 429U);
    const auto other = places.enter(address("2001:db8:0:2::1"));
    EXPECT_EQ(status_of(other), 200U);
    const auto plain = places.enter(address("10.0.0.1"));
    EXPECT_EQ(status_of(plain), 200U);
    EXPECT_EQ(status_of(places.enter(address("::ffff:10.0.0.1"))), 429U);
}

TEST(admission, takes_all_of_loopback_for_one) {
    admission places(10, 1);
    const auto first = places.enter(address("127.0.0.1"));
    EXPECT_EQ(status_of(first), 200U);
    for (const auto* other : {"127.0.0.2", "127.255.255.254", "::1", "::ffff:127.0.0.3"})
        EXPECT_EQ(status_of(places.enter(address(other))), 429U) << other;
}

TEST(admission, counts_users_of_this_host_by_themselves) {
    admission places(10, 1);
    const auto root = places.enter(address("127.0.0.1"), 0);
    EXPECT_EQ(status_of(root), 200U);
    EXPECT_EQ(status_of(places.enter(address("127.0.0.2"), 0)), 429U);
    EXPECT_EQ(status_of(places.enter(address("10.0.0.1"), 0)), 429U);
    const auto other = places.enter(address("127.0.0.1"), 1000);
    EXPECT_EQ(status_of(other), 200U);
    const auto unknown = places.enter(address("127.0.0.1"));
    EXPECT_EQ(status_of(unknown), 200U);
    EXPECT_THAT(places.enter(address("127.0.0.1"), 1000)->refused->message, testing::HasSubstr("user"));
}

TEST(admission, refuses_only_so_many_at_a_time) {
    admission places(1, 1);
    const auto served = places.enter(address("10.0.0.1"));
    std::deque<std::optional<admission::place>> refused;
    for (int i = 0; i < 64; ++i)
        ASSERT_EQ(status_of(refused.emplace_back(places.enter(address("10.0.0.1")))), 503U);
    EXPECT_FALSE(places.enter(address("10.0.0.1")));
    refused.pop_front();
    EXPECT_TRUE(places.enter(address("10.0.0.1")));
}

}  // namespace
}  // namespace sparkgate::http
