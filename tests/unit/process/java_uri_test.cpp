// URIs as java.net.URI reads them, and its words for those that it refuses.
#include "process/java_uri.hpp"

#include <gtest/gtest.h>

namespace sparkgate::process {
namespace {

struct refused {
    const char *text, *message;
};

TEST(JavaUriTest, RefusesInJavasWords) {
    const refused table[] = {
        {"http://a b/c", "Illegal character in authority at index 7"},
        {"hdfs://h|x:80/c", "Illegal character in authority at index 7"},
        {"/a b.jar", "Illegal character in path at index 2"},
        {"/a\\b", "Illegal character in path at index 2"},
        {"/a[1]", "Illegal character in path at index 2"},
        {"/{a,b}", "Illegal character in path at index 1"},
        {"/a\nb", "Illegal character in path at index 2"},
        {"a b", "Illegal character in path at index 1"},
        {"file:///x/a b", "Illegal character in path at index 11"},
        {"/ä€/a b", "Illegal character in path at index 5"},
        {"/🚀 b", "Illegal character in path at index 3"},
        {"http://h/p?a b", "Illegal character in query at index 12"},
        {"/p#a b", "Illegal character in fragment at index 4"},
        {"/p#a#b", "Illegal character in fragment at index 4"},
        {"ht^tp://h", "Illegal character in scheme name at index 2"},
        {"1http://h", "Illegal character in scheme name at index 0"},
        {"mailto:a b", "Illegal character in opaque part at index 8"},
        {":x", "Expected scheme name at index 0"},
        {"file:", "Expected scheme-specific part at index 5"},
        {"http://", "Expected authority at index 7"},
        {"/a%2", "Malformed escape pair at index 2"},
        {"/a%zz", "Malformed escape pair at index 2"},
    };
    for (const auto& [text, message] : table) {
        const auto parsed = parse_java_uri(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, errc::invalid_argument);
        EXPECT_EQ(parsed.error().message,
                  "java.net.URISyntaxException: " + std::string(message) + ": " + text);
    }
}

struct accepted {
    const char *text, *scheme, *path, *after_authority;
    std::optional<std::string_view> fragment;
};

TEST(JavaUriTest, TakesApart) {
    const accepted table[] = {
        {"", "", "", "", {}},
        {"a.jar", "", "a.jar", "a.jar", {}},
        {"/a/b.zip#env", "", "/a/b.zip", "/a/b.zip#env", "env"},
        {"//host/x", "", "/x", "/x", {}},
        {"/a:b", "", "/a:b", "/a:b", {}},
        {"file:/x", "file", "/x", "/x", {}},
        {"file:///x%20y", "file", "/x%20y", "/x%20y", {}},
        {"file:x.jar#f", "file", "x.jar", "x.jar#f", "f"},
        {"s3a://my_bucket/a?v=1#f", "s3a", "/a", "/a?v=1#f", "f"},
        {"hdfs://nn1:8020,nn2:8020/ä/*.jar", "hdfs", "/ä/*.jar", "/ä/*.jar", {}},
        {"http://u:p@[::1]:80/x", "http", "/x", "/x", {}},
    };
    for (const auto& each : table) {
        const auto parsed = parse_java_uri(each.text);
        ASSERT_TRUE(parsed) << each.text << ": " << parsed.error().message;
        EXPECT_EQ(parsed->scheme, each.scheme) << each.text;
        EXPECT_EQ(parsed->path, each.path) << each.text;
        EXPECT_EQ(parsed->after_authority, each.after_authority) << each.text;
        EXPECT_EQ(parsed->fragment, each.fragment) << each.text;
    }
}

TEST(JavaUriTest, DecodesEscapes) {
    EXPECT_EQ(decode_escapes("/a%20b%C3%a4c"), "/a bäc");
}

}  // namespace
}  // namespace sparkgate::process
