// The table of keys that have a meaning here.
#include "config/options.hpp"

#include <gtest/gtest.h>

#include <set>

namespace sparkgate::config {
namespace {

TEST(options, keys_are_unique_and_canonical) {
    std::set<std::string> seen;
    for (const auto& option : options()) {
        EXPECT_TRUE(seen.insert(option.key).second) << option.key;
        EXPECT_FALSE(option.key.starts_with("livy.")) << option.key;
        EXPECT_EQ(
            option.key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"),
            std::string::npos)
            << option.key;
        EXPECT_FALSE(option.type.empty()) << option.key;
        EXPECT_TRUE(option.meaning.ends_with('.') || option.meaning.ends_with(')')) << option.key;
        EXPECT_TRUE(!option.livy || option.livy->empty() || option.livy->ends_with('.')) << option.key;
    }
}

}  // namespace
}  // namespace sparkgate::config
