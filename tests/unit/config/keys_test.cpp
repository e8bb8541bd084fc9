// Looking up keys: spellings, old names, patterns, the nearest known key.
#include "config/keys.hpp"

#include <gtest/gtest.h>

namespace sparkgate::config {
namespace {

TEST(keys, plain_key_takes_one_prefix_off) {
    EXPECT_EQ(plain_key("server.port"), "server.port");
    EXPECT_EQ(plain_key("livy.server.port"), "server.port");
    EXPECT_EQ(plain_key("sparkgate.server.port"), "server.port");
    EXPECT_EQ(plain_key("livy.livy.server.port"), "livy.server.port");
}

TEST(keys, options_are_found_by_their_exact_name) {
    EXPECT_EQ(find_option("server.port"), &options()[1]);
    for (const auto* wrong : {"", "port", "SERVER.PORT", "livy.server.port", "server.port "})
        EXPECT_EQ(find_option(wrong), nullptr) << wrong;
}

TEST(keys, livy_keys_are_found) {
    for (const auto& key : livy_keys())
        EXPECT_EQ(find_livy_key(key.key), &key) << key.key;
    for (const auto* wrong : {"", "livy.keystore", "keystor", "keystores", "server.port"})
        EXPECT_EQ(find_livy_key(wrong), nullptr) << wrong;
}

TEST(keys, patterns_stand_for_any_text) {
    for (const auto& [key, pattern] :
         {std::pair{"server.auth.mine.class", "server.auth.<name>.class"},
          std::pair{"server.auth.mine.param.a", "server.auth.<name>.param.<parameter>"},
          std::pair{"server.auth.my.own.param.a.b", "server.auth.<name>.param.<parameter>"},
          std::pair{"rsc.test.do-not-use.stuck-start-driver", "rsc.test.do-not-use.<test>"}}) {
        const auto* found = find_livy_key(key);
        ASSERT_NE(found, nullptr) << key;
        EXPECT_EQ(found->key, pattern);
    }
    for (const auto* wrong :
         {"server.auth.class", "server.auth..class", "server.auth.mine", "server.auth.mine.param",
          "server.auth.mine.param.", "server.auth.mine.classes", "rsc.test.do-not-use."})
        EXPECT_EQ(find_livy_key(wrong), nullptr) << wrong;
}

TEST(keys, every_old_name_leads_to_a_known_key_and_is_none) {
    for (const auto& [old, now] : old_names()) {
        EXPECT_EQ(current_name(old), now);
        EXPECT_TRUE(find_option(now) || find_livy_key(now)) << now;
        EXPECT_FALSE(find_option(old) || find_livy_key(old)) << old;
    }
    EXPECT_EQ(current_name("server.port"), "");
}

TEST(keys, nearest_key) {
    EXPECT_EQ(nearest_key("server.prot"), "server.port");
    EXPECT_EQ(nearest_key("livy.server.hst"), "server.host");
    EXPECT_EQ(nearest_key("repl.sparkr.lib"), "repl.sparkr-lib");
    EXPECT_EQ(nearest_key("server.port"), "server.port");
    EXPECT_EQ(nearest_key("livy.rsc.rpc.thread"), "rsc.rpc.threads");
    EXPECT_FALSE(nearest_key("").empty());
}

}  // namespace
}  // namespace sparkgate::config
