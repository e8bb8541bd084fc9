#include "sparkgate/http/router.hpp"

#include <gtest/gtest.h>

namespace sparkgate::http {
namespace {

const router& routes() {
    static const router table({{method::post, "/sessions", {}},
                               {method::get, "/sessions", {}},
                               {method::get, "/sessions/{id}", {}},
                               {method::delete_, "/sessions/{id}", {}},
                               {method::get, "/sessions/limits", {}},
                               {method::get, "/{any}/limits", {}},
                               {method::get, "/sessions/{id}/statements/{statement}", {}},
                               {method::get, "/", {}}});
    return table;
}

auto find(method verb, std::vector<std::string> path) {
    request asked;
    asked.verb = verb;
    asked.path = std::move(path);
    return routes().find(asked);
}

std::string pattern(method verb, std::vector<std::string> path) {
    const auto found = find(verb, std::move(path));
    const auto* match = std::get_if<router::match>(&found);
    return match ? match->found->pattern : "none";
}

std::string allow(method verb, std::vector<std::string> path) {
    const auto found = find(verb, std::move(path));
    const auto* wrong = std::get_if<router::wrong_method>(&found);
    return wrong ? wrong->allow : "none";
}

TEST(router, finds_the_route_of_path_and_method) {
    EXPECT_EQ(pattern(method::get, {}), "/");
    EXPECT_EQ(pattern(method::post, {"sessions"}), "/sessions");
    EXPECT_EQ(pattern(method::delete_, {"sessions", "7"}), "/sessions/{id}");
}

TEST(router, gives_the_names_in_the_order_of_the_pattern) {
    const auto found = find(method::get, {"sessions", "7", "statements", "12"});
    const auto* match = std::get_if<router::match>(&found);
    ASSERT_NE(match, nullptr);
    EXPECT_EQ(match->values, (path_values{"7", "12"}));
}

TEST(router, serves_head_by_the_route_of_get) {
    EXPECT_EQ(pattern(method::head, {"sessions"}), "/sessions");
}

TEST(router, prefers_a_literal_and_the_earlier_one_most) {
    EXPECT_EQ(pattern(method::get, {"sessions", "limits"}), "/sessions/limits");
    EXPECT_EQ(pattern(method::get, {"batches", "limits"}), "/{any}/limits");
    EXPECT_EQ(pattern(method::delete_, {"sessions", "limits"}), "/sessions/{id}");
}

TEST(router, knows_which_methods_a_path_allows) {
    EXPECT_EQ(allow(method::delete_, {"sessions"}), "POST, GET, HEAD");
    EXPECT_EQ(allow(method::post, {"sessions", "7"}), "GET, HEAD, DELETE");
    EXPECT_EQ(allow(method::options, {}), "GET, HEAD");
}

TEST(router, has_no_route_for_other_paths) {
    for (const auto& path : std::vector<std::vector<std::string>>{{"SESSIONS"},
                                                                  {"sessions", ""},
                                                                  {"sessions", "7", "statements"},
                                                                  {"sessions", "7", "statements", "1", "x"}})
        EXPECT_TRUE(std::holds_alternative<router::no_route>(find(method::get, path))) << path.back();
}

TEST(router, refuses_a_pattern_without_a_slash) {
    EXPECT_THROW(router({{method::get, "sessions", {}}}), std::invalid_argument);
}

}  // namespace
}  // namespace sparkgate::http
