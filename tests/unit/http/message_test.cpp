#include "sparkgate/http/message.hpp"

#include "http/response_head.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sparkgate::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

std::string head_of(const response& what, connection_word word = connection_word::none) {
    std::string out;
    append_head(out, what, header_lines({{"X-Frame-Options", "SAMEORIGIN"}}), "id-1", word);
    return out;
}

TEST(request, gives_the_first_header_and_parameter_of_a_name) {
    request asked;
    asked.headers = {{"a", "1"}, {"a", "2"}};
    asked.query = {{"b", "3"}, {"b", "4"}};
    EXPECT_EQ(*asked.header("a"), "1");
    EXPECT_EQ(*asked.parameter("b"), "3");
    EXPECT_EQ(asked.header("b"), nullptr);
    EXPECT_EQ(asked.parameter("a"), nullptr);
}

TEST(response_head, has_the_headers_in_order) {
    response made;
    made.status = 201;
    made.body = "{}";
    made.headers = {{"Location", "/sessions/0"}};
    EXPECT_THAT(head_of(made), MatchesRegex("HTTP/1.1 201 Created\r\n"
                                            "Date: [A-Z][a-z][a-z], [0-9][0-9] [A-Z][a-z][a-z] 20[0-9]+ "
                                            "[0-9:]+ GMT\r\n"
                                            "X-Frame-Options: SAMEORIGIN\r\n"
                                            "Content-Type: application/json;charset=utf-8\r\n"
                                            "Location: /sessions/0\r\n"
                                            "X-Request-Id: id-1\r\n"
                                            "Content-Length: 2\r\n\r\n"));
}

TEST(response_head, says_what_becomes_of_the_connection) {
    EXPECT_THAT(head_of({}, connection_word::close), EndsWith("\r\nConnection: close\r\n\r\n"));
    EXPECT_THAT(head_of({}, connection_word::keep_alive), EndsWith("\r\nConnection: keep-alive\r\n\r\n"));
    EXPECT_THAT(head_of({}), Not(HasSubstr("Connection")));
}

TEST(response_head, cannot_be_split_by_a_value) {
    response made;
    made.headers = {{"Location", "/x\r\nSet-Cookie: a=b"}};
    EXPECT_THAT(head_of(made), HasSubstr("Location: /x  Set-Cookie: a=b\r\n"));
}

TEST(response_head, omits_what_the_status_forbids_and_what_is_empty) {
    response made;
    made.status = 204;
    made.content_type.clear();
    EXPECT_THAT(head_of(made), Not(HasSubstr("Content-")));
    EXPECT_FALSE(may_have_body(204));
    EXPECT_FALSE(may_have_body(304));
    EXPECT_TRUE(may_have_body(404));
}

}  // namespace
}  // namespace sparkgate::http
