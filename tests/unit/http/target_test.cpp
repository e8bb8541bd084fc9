#include "http/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sparkgate::http {
namespace {

using strings = std::vector<std::string>;
using pairs = std::vector<std::pair<std::string, std::string>>;

TEST(target, takes_the_path_apart) {
    const std::vector<std::pair<std::string, strings>> table{
        {"/", {}},
        {"/sessions", {"sessions"}},
        {"//sessions/", {"sessions"}},
        {"///sessions/0/log", {"sessions", "0", "log"}},
        {"/a//b", {"a", "", "b"}},
        {"/a//", {"a", ""}},
        {"/a%20b/%C3%BC", {"a b", "\xC3\xBC"}},
        {"/a%2Fb", {"a/b"}},
        {"/a%252e%252e", {"a%2e%2e"}},
        {"/a+b", {"a+b"}},
        {"/...", {"..."}},
        {"/a%2F..%2Fb", {"a/../b"}},
        {"/a%3Bx/%5C..", {"a;x", "\\.."}},
        {"/%7Eme", {"~me"}},
    };
    for (const auto& [raw, path] : table) {
        const auto out = parse_target(raw);
        ASSERT_TRUE(out) << raw;
        EXPECT_EQ(out->path, path) << raw;
        EXPECT_EQ(out->authority, "") << raw;
    }
}

TEST(target, notes_a_trailing_slash) {
    EXPECT_TRUE(parse_target("/sessions/")->trailing_slash);
    EXPECT_TRUE(parse_target("/sessions/?a")->trailing_slash);
    EXPECT_FALSE(parse_target("/sessions")->trailing_slash);
    EXPECT_FALSE(parse_target("/")->trailing_slash);
}

TEST(target, decodes_the_query) {
    const std::vector<std::pair<std::string, pairs>> table{
        {"/x", {}},
        {"/x?", {}},
        {"/x?from=1&size=2", {{"from", "1"}, {"size", "2"}}},
        {"/x?a=1&a=2", {{"a", "1"}, {"a", "2"}}},
        {"/x?a", {{"a", ""}}},
        {"/x?a=", {{"a", ""}}},
        {"/x?a=b=c", {{"a", "b=c"}}},
        {"/x?&&a=1&", {{"a", "1"}}},
        {"/x?code=1%2B1+%3D%0A2", {{"code", "1+1 =\n2"}}},
        {"/x?a=%252B", {{"a", "%2B"}}},
        {"/x?a=?b/../c;d", {{"a", "?b/../c;d"}}},
    };
    for (const auto& [raw, query] : table) {
        const auto out = parse_target(raw);
        ASSERT_TRUE(out) << raw;
        EXPECT_EQ(out->query, query) << raw;
    }
}

TEST(target, accepts_the_absolute_form) {
    const auto out = parse_target("HTTP://Host.example:8998//sessions/?a=b");
    ASSERT_TRUE(out);
    EXPECT_EQ(out->authority, "host.example:8998");
    EXPECT_EQ(out->path, strings{"sessions"});
    EXPECT_EQ(out->query, (pairs{{"a", "b"}}));
    EXPECT_EQ(parse_target("http://h:80")->authority, "h");
    EXPECT_EQ(parse_target("http://h?a")->query, (pairs{{"a", ""}}));
}

TEST(target, refuses) {
    using namespace std::string_literals;
    for (const auto& raw : {""s,
                            "!"s,
                            "*"s,
                            "sessions"s,
                            "ftp://h/x"s,
                            "http://"s,
                            "http:///x"s,
                            "/a b"s,
                            "/a\tb"s,
                            "/a\0b"s,
                            "/\x7f"s,
                            "/\xC3\xBC"s,
                            "/%00"s,
                            "/a?b=%00"s,
                            "/%0a"s,
                            "/%7f"s,
                            "/.."s,
                            "/a/../b"s,
                            "/a/%2e%2E/b"s,
                            "/a/."s,
                            "/%"s,
                            "/%4"s,
                            "/%zz"s,
                            "/%+1"s,
                            "/a?b=%"s,
                            "/a?%x=1"s,
                            "/a#b"s,
                            "/a;"s,
                            "/;a"s,
                            "/sessions;x=1"s,
                            "/sessions;/../version"s,
                            "/version/..;/sessions"s,
                            "http://h/a;b"s,
                            "/%61"s,
                            "/%5A"s,
                            "/a%30"s,
                            "/a%2db"s,
                            "/a%2Eb"s,
                            "/a%5fb"s,
                            "/%2e"s}) {
        const auto out = parse_target(raw);
        ASSERT_FALSE(out) << testing::PrintToString(raw);
        EXPECT_EQ(out.error().code, errc::invalid_argument);
    }
}

}  // namespace
}  // namespace sparkgate::http
