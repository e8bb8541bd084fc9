// What people read about the keys: docs/configuration.md and conf/sparkgate.conf.example.
#include "config/keys.hpp"
#include "support/temp_dir.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/config/load.hpp"
#include "sparkgate/config/markdown.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <sstream>

namespace sparkgate::config {
namespace {

const auto root = std::filesystem::path(SPARKGATE_TEST_DATA).parent_path().parent_path();

TEST(markdown, has_a_row_for_every_key) {
    const std::string tables = markdown_tables();
    EXPECT_TRUE(tables.starts_with("## Keys\n"));
    for (const auto& option : options())
        EXPECT_NE(tables.find("\n| `" + option.key + "` | " + option.type), std::string::npos) << option.key;
    for (const auto& key : livy_keys())
        EXPECT_NE(tables.find("\n| `" + key.key + "` | "), std::string::npos) << key.key;
    for (const auto& each : old_names())
        EXPECT_NE(tables.find("\n| `" + each.old + "` | `" + each.now + "` |"), std::string::npos)
            << each.old;
}

TEST(markdown, says_how_keys_compare_with_livy) {
    const std::string tables = markdown_tables();
    for (const auto* part : {"see --port-file). | same |\n", "| Livy's default is local. |\n",
                             "sockets. | – |\n", "| `keystore` |  | **Stops the start.** Keystores",
                             "| `server.kubernetes.ingress.create` | `false` | **Warns.** No",
                             "| `cache-log.size` | `200` | The whole log"})
        EXPECT_NE(tables.find(part), std::string::npos) << part;
}

TEST(markdown, does_not_depend_on_who_makes_it) {
    EXPECT_NE(markdown_tables().find("| `state.dir` | path | `~/.local/state/sparkgate` |"),
              std::string::npos);
}

TEST(documents, the_page_holds_the_tables) {
    const auto page = read_file(root / "docs" / "configuration.md").value();
    const auto begin = page.find("## Keys");
    ASSERT_NE(begin, std::string::npos);
    EXPECT_EQ(page.substr(begin), markdown_tables()) << "make it anew: sparkgate config --markdown";
}

class example_file : public ::testing::Test {
protected:
    // The example with its keys commented in: "#key = value" becomes "key = value", "# prose" stays.
    static std::string commented_in(const std::string& text) {
        std::istringstream lines(text);
        std::string out;
        for (std::string line; std::getline(lines, line); out += line + "\n")
            if (line.size() > 1 && line[0] == '#' && std::isalpha(static_cast<unsigned char>(line[1])))
                line.erase(0, 1);
        return out;
    }

    const std::filesystem::path file = root / "conf" / "sparkgate.conf.example";
};

TEST_F(example_file, changes_nothing_as_it_is) {
    const auto read = load(file, {}).value();
    EXPECT_TRUE(read.warnings.empty());
    for (const auto& each : read.effective)
        EXPECT_EQ(each.origin, "default") << each.key;
}

TEST_F(example_file, shows_the_defaults) {
    const test::temp_dir dir;
    const auto all = dir.path() / "all.conf";
    std::ofstream(all) << commented_in(read_file(file).value());
    const auto read = load(all, {}).value();
    EXPECT_TRUE(read.warnings.empty()) << read.warnings.front();
    EXPECT_TRUE(read.notes.empty()) << read.notes.front();
    int shown = 0;
    for (const auto& each : read.effective) {
        if (each.origin == "default" || each.key == "state.dir") continue;  // that one depends on the user
        ++shown;
        EXPECT_EQ(each.value, each.default_value) << each.key;
    }
    EXPECT_GT(shown, 15);
}

}  // namespace
}  // namespace sparkgate::config
