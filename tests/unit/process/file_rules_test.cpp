// Which files a request may name.
#include "sparkgate/process/file_rules.hpp"

#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace sparkgate::process {
namespace {

namespace fs = std::filesystem;

std::string outcome(const std::string& uri, const file_rules& rules) {
    const auto resolved = resolve_file(uri, rules);
    if (resolved) return *resolved;
    EXPECT_EQ(resolved.error().code, errc::invalid_argument);
    return resolved.error().message;
}

std::string refusal(const std::string& path) {
    return "requirement failed: Local path " + path + " cannot be added to user sessions.";
}

TEST(FileRulesTest, APathWithoutSchemeLiesInTheDefaultFileSystem) {
    file_rules rules;
    rules.local_directories = {"/"};
    EXPECT_EQ(outcome("/x.jar", rules), "file:///x.jar");
    rules.default_fs = "hdfs://nn:8020";
    EXPECT_EQ(outcome("/x.jar", rules), "hdfs://nn:8020/x.jar");
    EXPECT_EQ(outcome("/a%20b.zip#env", rules), "hdfs://nn:8020/a%20b.zip#env");
    rules.default_fs = "viewfs://c/";
    EXPECT_EQ(outcome("/x?y", rules), "viewfs://c/x");
}

TEST(FileRulesTest, RefusesRelativePathsAndBadUris) {
    const file_rules rules{"hdfs://nn", {"/"}, {}};
    EXPECT_EQ(outcome("a.jar", rules), "requirement failed: Path 'a.jar' is not absolute.");
    EXPECT_EQ(outcome("../a%20b", rules), "requirement failed: Path '../a b' is not absolute.");
    EXPECT_EQ(outcome("", rules), "requirement failed: Path '' is not absolute.");
    EXPECT_EQ(outcome("http://u:p@h/ c", rules),
              "java.net.URISyntaxException: Illegal character in path at index 13: "
              "http://*********(redacted)@h/ c");
    EXPECT_EQ(outcome("http://a b/c", rules),
              "java.net.URISyntaxException: Illegal character in authority at index 7: http://a b/c");
}

TEST(FileRulesTest, OtherSchemesPass) {
    for (const char* uri :
         {"hdfs://nn/x", "s3a://bucket/x#y", "http://h/x?y=z", "har://hdfs-nn:8020/x.har", "abfss://c@a/x"})
        EXPECT_EQ(outcome(uri, {}), uri);
}

TEST(FileRulesTest, NoLocalFileIsAllowedUnlessListed) {
    EXPECT_EQ(outcome("/etc/passwd", {}), refusal("/etc/passwd"));
    EXPECT_EQ(outcome("file:///etc/passwd", {}), refusal("/etc/passwd"));
}

TEST(FileRulesTest, LocalFilesLieInAnAllowedDirectory) {
    const file_rules rules{"file:///", {"/data/jars", "/opt/libs/"}, {}};
    for (const char* path : {"/data/jars/a.jar", "/data/jars", "/opt/libs/x", "/opt/libs/../libs/./x",
                             "/data/jars/*.jar", "/data/jars/%61.jar"})
        EXPECT_EQ(outcome(path, rules), "file://" + std::string(path));
    for (const char* uri : {"file:/data/jars/a", "file:///data/jars/a", "file://host/data/jars/a"})
        EXPECT_EQ(outcome(uri, rules), uri);
    for (const char* path :
         {"/data/jarsx/a", "/data", "/data/jars/../a", "/data/jars/../../etc/passwd", "/", "/opt/lib"})
        EXPECT_EQ(outcome(path, rules), refusal(path));
}

TEST(FileRulesTest, WhateverReadsThePathItStaysInside) {
    const file_rules rules{"file:///", {"/data"}, {}};
    EXPECT_EQ(outcome("/data/%2e%2e/etc/x", rules), refusal("/data/../etc/x"));
    EXPECT_EQ(outcome("FILE:///etc/x", rules), refusal("/etc/x"));
    EXPECT_EQ(outcome("local:/etc/x", rules), refusal("/etc/x"));
    EXPECT_EQ(outcome("Local:///etc/x", rules), refusal("/etc/x"));
    EXPECT_EQ(outcome("local:/data/x", rules), "local:/data/x");
    EXPECT_EQ(outcome("har:///etc/x.har", rules), refusal("/etc/x.har"));
    EXPECT_EQ(outcome("file:etc/x", rules), refusal("etc/x"));
    EXPECT_EQ(outcome("file:///data/x?/../../etc/x", rules), refusal("/data/x"));
    EXPECT_EQ(outcome("file:///data/x#/../../etc/x", rules), refusal("/data/x"));
    EXPECT_EQ(outcome("/data/*/../../etc/x", rules), refusal("/data/*/../../etc/x"));
}

class LinksTest : public testing::Test {
protected:
    LinksTest() {
        fs::create_directories(inside / "folder");
        fs::create_directories(outside / "folder");
        std::ofstream(inside / "plain") << "x";
        std::ofstream(outside / "secret") << "x";
        std::ofstream(outside / "folder/x") << "x";
        fs::create_symlink(outside / "secret", inside / "escape");
        fs::create_symlink(outside / "folder", inside / "way");
        fs::create_symlink("plain", inside / "alias");
        fs::create_symlink(outside / "secret", inside / "folder/.hidden");
        fs::create_symlink(inside, dir.path() / "door");
    }
    bool allowed(const std::string& name) const {
        return resolve_file((inside / name).string(), rules).has_value();
    }

    test::temp_dir dir;
    fs::path inside = dir.path() / "inside", outside = dir.path() / "outside";
    file_rules rules{"file:///", {inside}, {}};
};

TEST_F(LinksTest, ALinkInsideThatLeadsOutsideIsAWayOut) {
    for (const char* name : {"plain", "alias", "folder/new", "a*", "%61lias"})
        EXPECT_TRUE(allowed(name)) << name;
    for (const char* name : {"escape", "way/x", "way/../secret", "e*", "*/x", "%65scape", "%7Bescape%7D",
                             "%5Be%5Dscape", "%5Cescape"})
        EXPECT_FALSE(allowed(name)) << name;
}

TEST_F(LinksTest, PatternsAreBounded) {
    for (const char* name : {"pl?in", "*n", "%5Bp%5Dlain", "folder/a*"})
        EXPECT_TRUE(allowed(name)) << name;
    for (const char* name : {"folder/*", "*/new", "f%5Bo%5Dlder/new", "%7Bplain%7D", "%5Cplain"})
        EXPECT_FALSE(allowed(name)) << name;
}

TEST_F(LinksTest, TheAllowedDirectoryMayBeALink) {
    rules.local_directories = {dir.path() / "door"};
    EXPECT_TRUE(resolve_file((dir.path() / "door/plain").string(), rules));
    EXPECT_FALSE(resolve_file((dir.path() / "door/escape").string(), rules));
}

}  // namespace
}  // namespace sparkgate::process
