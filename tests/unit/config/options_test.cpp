// The table of keys and its documentation.
#include "config/options.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/config/load.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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
    }
}

TEST(options, are_found_by_each_spelling) {
    EXPECT_EQ(find_option("server.port"), &options()[1]);
    EXPECT_EQ(find_option("livy.server.port"), &options()[1]);
    EXPECT_EQ(find_option("sparkgate.server.port"), &options()[1]);
    for (const auto* wrong : {"", "port", "SERVER.PORT", "livy.livy.server.port", "server.port "})
        EXPECT_EQ(find_option(wrong), nullptr) << wrong;
}

TEST(options, nearest_key) {
    EXPECT_EQ(nearest_key("server.prot"), "server.port");
    EXPECT_EQ(nearest_key("livy.server.hst"), "server.host");
    EXPECT_EQ(nearest_key("repl.sparkr.lib"), "repl.sparkr-lib");
    EXPECT_EQ(nearest_key("server.port"), "server.port");
    EXPECT_FALSE(nearest_key("").empty());
}

TEST(options, markdown_has_a_row_for_every_key) {
    const std::string table = markdown_table();
    EXPECT_TRUE(table.starts_with("| key | takes | default | meaning |\n|---|---|---|---|\n"));
    EXPECT_EQ(std::count(table.begin(), table.end(), '\n'),
              static_cast<std::ptrdiff_t>(options().size()) + 2);
    for (const auto& option : options())
        EXPECT_NE(table.find("\n| `" + option.key + "` | "), std::string::npos);
}

TEST(options, markdown_does_not_depend_on_who_makes_it) {
    EXPECT_NE(markdown_table().find("| `state.dir` | path | `~/.local/state/sparkgate` |"),
              std::string::npos);
}

TEST(options, the_documentation_is_the_table) {
    const auto root = std::filesystem::path(SPARKGATE_TEST_DATA).parent_path().parent_path();
    const auto page = read_file(root / "docs" / "configuration.md");
    ASSERT_TRUE(page) << page.error().message;
    const auto begin = page->find("| key |");
    ASSERT_NE(begin, std::string::npos);
    EXPECT_EQ(page->substr(begin), markdown_table()) << "make it anew: sparkgate config --markdown";
}

}  // namespace
}  // namespace sparkgate::config
