// Both tables of keys against tests/data/livy-conf-defaults.conf, which holds each key of Livy with its
// default.
#include "config/livy_keys.hpp"

#include "config/keys.hpp"
#include "support/temp_dir.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/config/load.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace sparkgate::config {
namespace {

const auto defaults_file = std::filesystem::path(SPARKGATE_TEST_DATA) / "livy-conf-defaults.conf";

// Plain key to default.
std::map<std::string, std::string> livy_defaults() {
    std::map<std::string, std::string> out;
    std::istringstream lines(read_file(defaults_file).value());
    for (std::string line; std::getline(lines, line);) {
        const auto equals = line.find(" =");
        if (!line.starts_with("livy.") || equals == std::string::npos) continue;
        out[line.substr(5, equals - 5)] = equals + 3 < line.size() ? line.substr(equals + 3) : "";
    }
    return out;
}

TEST(livy_keys, are_unique_explained_and_no_options) {
    std::set<std::string> seen;
    for (const auto& key : livy_keys()) {
        EXPECT_TRUE(seen.insert(key.key).second) << key.key;
        EXPECT_EQ(find_option(key.key), nullptr) << key.key << " has a meaning: it is no key without effect";
        EXPECT_TRUE(key.reason.ends_with('.')) << key.key;
        EXPECT_EQ(key.reason.find('\n'), std::string::npos) << key.key;
    }
}

TEST(livy_keys, have_livys_default) {
    std::set<std::string> found;
    for (const auto& [key, value] : livy_defaults()) {
        const livy_key* known = find_livy_key(key);
        if (!known) continue;
        found.insert(known->key);
        EXPECT_EQ(known->default_value, value) << key;
    }
    for (const auto& key : livy_keys())
        EXPECT_TRUE(found.contains(key.key)) << key.key << " is not in " << defaults_file;
}

TEST(livy_keys, every_key_of_livy_is_in_one_of_the_tables) {
    const auto defaults = livy_defaults();
    EXPECT_GT(defaults.size(), 200u);
    for (const auto& [key, value] : defaults)
        EXPECT_TRUE(find_option(key) || find_livy_key(key)) << key;
}

TEST(livy_keys, options_say_which_keys_are_livys_and_where_the_default_differs) {
    const auto defaults = livy_defaults();
    for (const auto& option : options()) {
        const auto in_livy = defaults.find(option.key);
        EXPECT_EQ(option.livy.has_value(), in_livy != defaults.end()) << option.key;
        if (option.livy == "" && in_livy != defaults.end()) {
            EXPECT_EQ(option.default_value, in_livy->second) << option.key << " is not the same in Livy";
        }
    }
}

TEST(livy_keys, livys_defaults_load) {
    const auto read = load(defaults_file, {});
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_TRUE(read->warnings.empty()) << read->warnings.front();
    EXPECT_EQ(read->values.request_header_size.value, 48u * 1024);
    EXPECT_EQ(read->values.session_timeout, std::chrono::hours(1));
    EXPECT_FALSE(read->values.timeout_skips_busy);
}

TEST(livy_keys, a_file_of_comments_loads_without_a_word) {
    const test::temp_dir dir;
    const auto file = dir.path() / "livy.conf";
    std::ofstream out(file);
    for (const auto& [key, value] : livy_defaults())
        out << "# " << key << " = " << value << "\n\n#\n";
    out.close();
    const auto read = load(file, {}).value();
    EXPECT_TRUE(read.warnings.empty());
    EXPECT_TRUE(read.notes.empty());
}

TEST(livy_keys, a_key_without_effect_is_a_note_with_its_place_and_reason) {
    const auto read =
        load(std::nullopt, {"livy.rsc.rpc.threads=9", "rsc.launcher.port.range=1~2", "rsc.rpc.threads=8"})
            .value();
    EXPECT_TRUE(read.warnings.empty());
    ASSERT_EQ(read.notes.size(), 2u);  // the last word for a key
    EXPECT_EQ(read.notes[0],
              "--set: rsc.launcher.port.range has no effect: No port range is needed: drivers dial a Unix "
              "socket of "
              "the server.");
    EXPECT_TRUE(read.notes[1].starts_with("--set: rsc.rpc.threads has no effect: ")) << read.notes[1];
}

TEST(livy_keys, what_asks_for_protection_or_a_service_stops_the_start) {
    std::set<std::string> refusing;
    for (const auto& key : livy_keys())
        if (key.then == when_asked::refuse) {
            refusing.insert(key.key);
            const std::string value = key.default_value == "false" ? "TRUE" : "something";
            const auto read = load(std::nullopt, {"livy." + key.key + "=" + value});
            ASSERT_FALSE(read) << key.key;
            EXPECT_EQ(read.error().what, problem::bad_value);
            EXPECT_EQ(read.error().message, "--set: livy." + key.key + " = \"" + value + "\": " + key.reason);
        }
    EXPECT_EQ(refusing, (std::set<std::string>{"keystore", "server.access-control.enabled",
                                               "server.auth.type", "server.thrift.enabled"}));
}

TEST(livy_keys, only_the_last_word_for_a_key_is_refused) {
    EXPECT_TRUE(load(std::nullopt, {"server.auth.type=ldap", "livy.server.auth.type="}));
    EXPECT_FALSE(load(std::nullopt, {"server.auth.type=", "server.auth.type=ldap"}));
    EXPECT_FALSE(load(std::nullopt, {"server.access_control.enabled=true"}));
}

TEST(livy_keys, what_asks_for_a_feature_is_a_warning) {
    for (const auto* assignment :
         {"server.kubernetes.ingress.create=true", "server.launch.kerberos.principal=livy@HERE"}) {
        const auto read = load(std::nullopt, {assignment}).value();
        EXPECT_EQ(read.warnings.size(), 1u) << assignment;
        EXPECT_TRUE(read.notes.empty()) << assignment;
    }
    EXPECT_TRUE(load(std::nullopt, {"server.kubernetes.ingress.create=FALSE"}).value().warnings.empty());
}

TEST(livy_keys, secrets_are_not_repeated) {
    for (const auto* key : {"keystore.password", "key-password", "rsc.client.auth.secret"})
        for (const auto& note : load(std::nullopt, {std::string(key) + "=hunter2"}).value().notes)
            EXPECT_EQ(note.find("hunter2"), std::string::npos) << note;
}

}  // namespace
}  // namespace sparkgate::config
