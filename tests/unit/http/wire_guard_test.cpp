// Beast's parser and the guard together, over the cases in which servers are known to differ.
#include "http/wire_guard.hpp"

#include "http/request_head.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <gtest/gtest.h>

namespace sparkgate::http {
namespace {

namespace beast = boost::beast;

constexpr std::size_t max_fields = 100, max_target = 8 * 1024;

struct verdict {
    unsigned status = 0;  // 0: served
    request asked;
};

// As the connection does it. `first`: how many bytes come first, the rest comes later.
verdict judge(const std::string& head, std::size_t first = std::string::npos) {
    verdict out;
    beast::http::request_parser<beast::http::empty_body> parser;
    parser.header_limit(48 * 1024);
    parser.body_limit(boost::none);
    beast::error_code ec;
    bool folded = false;
    auto rest = std::string_view(head).substr(0, first);
    const auto read = [&] {
        const auto used = parser.put(boost::asio::buffer(rest), ec);
        folded = folded || has_fold(rest.substr(0, used));
        rest.remove_prefix(used);
    };
    read();
    if (ec == beast::http::error::need_more && first < head.size()) {
        ec = {};
        rest = std::string_view(head).substr(first - rest.size());
        read();
    }
    if (parser.is_header_done()) introduce(parser.get(), out.asked);
    if (folded) {
        out.status = 400;
    } else if (!parser.is_header_done()) {
        out.status = refusal_of(ec, rest).status;
    } else if (auto no = check_header(parser.get(), max_fields)) {
        out.status = no->status;
    } else if (auto bad = read_head(parser.get(), max_target, out.asked)) {
        out.status = bad->status;
    }
    return out;
}

std::string post(const std::string& fields) {
    return "POST /x HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

struct wire_case {
    const char* name;
    std::string head;
    unsigned status;
};

class wire_guard : public testing::TestWithParam<wire_case> {};

TEST_P(wire_guard, decides) {
    EXPECT_EQ(judge(GetParam().head).status, GetParam().status);
}

TEST_P(wire_guard, decides_the_same_wherever_the_head_is_divided) {
    const auto& head = GetParam().head;
    if (head.size() > 1000) return;
    for (std::size_t first = 1; first < head.size(); ++first)
        EXPECT_EQ(judge(head, first).status, GetParam().status) << head.substr(0, first);
}

using namespace std::string_literals;

const wire_case framing[] = {
    {"length_and_chunked", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400},
    {"chunked_and_length", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400},
    {"identity_then_length", post("Transfer-Encoding: identity\r\nContent-Length: 3\r\n"), 400},
    {"xchunked_then_length", post("Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n"), 400},
    {"not_final_then_length", post("Transfer-Encoding: chunked, identity\r\nContent-Length: 3\r\n"), 400},
    {"length_then_identity", post("Content-Length: 3\r\nTransfer-Encoding: identity\r\n"), 400},
    {"identity", post("Transfer-Encoding: identity\r\n"), 400},
    {"gzip_chunked", post("Transfer-Encoding: gzip, chunked\r\n"), 501},
    {"chunked_in_a_list_twice", post("Transfer-Encoding: chunked, chunked\r\n"), 400},
    {"empty_element_and_chunked", post("Transfer-Encoding: , chunked\r\n"), 400},
    {"gzip_empty_chunked", post("Transfer-Encoding: gzip,, chunked\r\n"), 501},
    {"chunked_chunked", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
    {"identity_chunked", post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"), 400},
    {"chunked", post("Transfer-Encoding: Chunked\r\n"), 0},
    {"chunked_10", "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"length", post("Content-Length: 3\r\n"), 0},
    {"length_twice", post("Content-Length: 3\r\nContent-Length: 3\r\n"), 400},
    {"length_list", post("Content-Length: 3, 3\r\n"), 400},
    {"length_differs", post("Content-Length: 3\r\nContent-Length: 4\r\n"), 400},
    {"length_plus", post("Content-Length: +3\r\n"), 400},
    {"length_hexadecimal", post("Content-Length: 0x3\r\n"), 400},
    {"length_negative", post("Content-Length: -1\r\n"), 400},
    {"length_overflow", post("Content-Length: 18446744073709551616\r\n"), 400},
    {"length_empty", post("Content-Length:\r\n"), 400},
};

const wire_case fields[] = {
    {"no_host", "GET /x HTTP/1.1\r\n\r\n", 400},
    {"no_host_10", "GET /x HTTP/1.0\r\n\r\n", 0},
    {"two_hosts", "GET /x HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
    {"host_with_slash", "GET /x HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"host_with_user", "GET /x HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
    {"host_empty", "GET /x HTTP/1.1\r\nHost:\r\n\r\n", 400},
    {"host_port", "GET /x HTTP/1.1\r\nHost: a:b\r\n\r\n", 400},
    {"host_two_ports", "GET /x HTTP/1.1\r\nHost: a:1:2\r\n\r\n", 400},
    {"host_ipv6_without_brackets", "GET /x HTTP/1.1\r\nHost: ::1\r\n\r\n", 400},
    {"host_ipv6_without_end", "GET /x HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
    {"host_name_in_brackets", "GET /x HTTP/1.1\r\nHost: [a]\r\n\r\n", 400},
    {"host_ipv6_with_rest", "GET /x HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400},
    {"host_ipv6", "GET /x HTTP/1.1\r\nHost: [::1]:8998\r\n\r\n", 0},
    {"space_before_colon", post("X : 1\r\n"), 400},
    {"space_before_first_name", "GET /x HTTP/1.1\r\n Host: a\r\n\r\n", 400},
    {"empty_name", post(": 1\r\n"), 400},
    {"non_ascii_name", post("\xC3\xBC: 1\r\n"), 400},
    {"fold", post("X: 1\r\n 2\r\n"), 400},
    {"fold_with_a_tab", post("X: 1\r\n\t2\r\n"), 400},
    {"fold_of_nothing", post("X: 1\r\n \r\n"), 400},
    {"fold_that_begins_a_value", post("Transfer-Encoding:\r\n chunked\r\n"), 400},
    {"fold_that_begins_a_length", post("Content-Length:\r\n 3\r\n"), 400},
    {"fold_that_begins_a_host", "GET /x HTTP/1.1\r\nHost:\r\n\ta\r\n\r\n", 400},
    {"spaces_around_a_value", post("X: \t 1 \t\r\n"), 0},
    {"authority_without_host", "GET http://u@a/x HTTP/1.0\r\n\r\n", 400},
    {"bare_lf", "GET /x HTTP/1.1\nHost: a\n\n", 400},
    {"bare_cr", post("X: 1\r2\r\n"), 400},
    {"nul", post("X: 1\0002\r\n"s), 400},
    {"field_9k", post("X: " + std::string(9 * 1024, 'a') + "\r\n"), 0},
    {"field_47k", post("X: " + std::string(47 * 1024, 'a') + "\r\n"), 0},
    {"field_50k", post("X: " + std::string(50 * 1024, 'a') + "\r\n"), 431},
    {"upgrade_is_ignored",
     post("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"), 0},
};

const wire_case request_lines[] = {
    {"http_09", "GET /x\r\n\r\n", 400},
    {"version_09", "GET /x HTTP/0.9\r\nHost: a\r\n\r\n", 505},
    {"version_19", "GET /x HTTP/1.9\r\nHost: a\r\n\r\n", 505},
    {"version_20", "GET /x HTTP/2.0\r\nHost: a\r\n\r\n", 505},
    {"lower_case_http", "GET /x http/1.1\r\nHost: a\r\n\r\n", 400},
    {"double_space", "GET  /x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"absolute_form", "GET http://A:80/x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    {"absolute_form_of_another_host", "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"exclamation_mark", "GET ! HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"asterisk_get", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"asterisk_options", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    {"non_ascii_target", "GET /\xC3\xBC HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"nul_target", "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"dot_dot", "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"dot_dot_escaped", "GET /a/%2e./b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"double_slash", "GET //x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    {"target_at_the_limit", "GET /" + std::string(8191, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 0},
    {"target_above_the_limit", "GET /" + std::string(8192, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
    {"unknown_method", "FOO /x HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"lower_case_method", "get /x HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"connect", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"blank_line_first", "\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
};

const auto case_name = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(framing, wire_guard, testing::ValuesIn(framing), case_name);
INSTANTIATE_TEST_SUITE_P(fields, wire_guard, testing::ValuesIn(fields), case_name);
INSTANTIATE_TEST_SUITE_P(request_lines, wire_guard, testing::ValuesIn(request_lines), case_name);

TEST(request_head, refuses_more_than_a_hundred_fields) {
    std::string many;
    for (std::size_t i = 1; i < max_fields; ++i)
        many += "X: 1\r\n";
    EXPECT_EQ(judge(post(many)).status, 0U);
    EXPECT_EQ(judge(post(many + "X: 1\r\n")).status, 431U);
}

TEST(request_head, has_names_in_lower_case) {
    const auto asked = judge(post("X-Long: 1 2\r\n")).asked;
    ASSERT_NE(asked.header("x-long"), nullptr);
    EXPECT_EQ(*asked.header("x-long"), "1 2");
}

TEST(request_head, has_the_host_of_the_absolute_form_where_there_is_no_other) {
    const auto asked = judge("GET http://A:8998/x HTTP/1.0\r\n\r\n").asked;
    ASSERT_NE(asked.header("host"), nullptr);
    EXPECT_EQ(*asked.header("host"), "a:8998");
}

TEST(request_head, lets_a_post_mean_another_method) {
    const auto verb = [](const std::string& head) { return judge(head).asked.verb; };
    EXPECT_EQ(verb("POST /x?_method=DELETE HTTP/1.1\r\nHost: a\r\n\r\n"), method::delete_);
    EXPECT_EQ(verb(post("X-HTTP-Method-Override: put\r\n")), method::put);
    EXPECT_EQ(verb(post("X-HTTP-Method: PATCH\r\n")), method::patch);
    EXPECT_EQ(verb(post("X-Method-Override: DELETE\r\n")), method::delete_);
    EXPECT_EQ(verb(post("X-Method-Override: HEAD\r\n")), method::get);
    EXPECT_EQ(verb(post("")), method::post);
    EXPECT_EQ(verb("GET /x?_method=DELETE HTTP/1.1\r\nHost: a\r\n\r\n"), method::get);
    EXPECT_EQ(judge(post("X-Method-Override: FOO\r\n")).status, 501U);
    EXPECT_EQ(judge(post("X-Method-Override: GET\r\n")).asked.sent_verb, method::post);
    EXPECT_EQ(judge("DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n").asked.sent_verb, method::delete_);
}

TEST(request_head, accepts_a_clean_request_id_only) {
    const auto id = [](const std::string& value) {
        return judge(post("X-Request-Id: " + value + "\r\n")).asked.id;
    };
    EXPECT_EQ(id("aZ-0_9."), "aZ-0_9.");
    EXPECT_EQ(id(std::string(64, 'a')), std::string(64, 'a'));
    EXPECT_EQ(id(std::string(65, 'a')), "");
    EXPECT_EQ(id("a b"), "");
    EXPECT_EQ(id("\"quoted\""), "");
    EXPECT_EQ(id(""), "");
}

}  // namespace
}  // namespace sparkgate::http
