#include "http/page_guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sparkgate::http {
namespace {

using testing::HasSubstr;

const auto here = asio::ip::make_address("192.0.2.7");

page_guard strict(std::vector<std::string> hosts = {}, std::vector<std::string> origins = {}) {
    return page_guard({std::move(hosts), std::move(origins)});
}

bool served(const page_guard& by, const char* host) {
    return !by.check_host(host, here);
}

TEST(page_guard, knows_its_own_names) {
    const auto guard =
        strict({"gate.example.org", "*.example.net", "Gate2", "[2001:db8::7]", "2001:db8::8", "10.0.0.7"});
    for (const auto* host : {"localhost",
                             "LOCALHOST:8998",
                             "localhost.",
                             "localhost.:1",
                             "a.localhost",
                             "127.0.0.1",
                             "127.0.0.1:80",
                             "127.255.3.4",
                             "[::1]",
                             "[::1]:8998",
                             "[0:0:0:0:0:0:0:1]",
                             "[::ffff:127.0.0.1]",
                             "192.0.2.7:8998",
                             "[::ffff:192.0.2.7]",
                             "gate.example.org",
                             "Gate.Example.ORG.:443",
                             "gate.example.org:",
                             "a.example.net",
                             "a.b.example.net",
                             "gate2",
                             "[2001:db8::7]",
                             "[2001:DB8:0::7]:1",
                             "[2001:db8::8]",
                             "10.0.0.7"})
        EXPECT_TRUE(served(guard, host)) << host;
}

TEST(page_guard, refuses_every_other_name) {
    const auto guard = strict({"gate.example.org", "*.example.net", "10.0.0.7"});
    for (const auto* host : {"evil.example",
                             "localhost.evil.example",
                             "evillocalhost",
                             "127.0.0.1.evil.example",
                             "gate",
                             "example.org",
                             "gate.example.org.evil.example",
                             "xgate.example.org",
                             "example.net",
                             "xexample.net",
                             "192.0.2.8",
                             "127.1",
                             "2130706433",
                             "0177.0.0.1",
                             "0x7f.0.0.1",
                             "10.0.0.70",
                             "[2001:db8::7]",
                             "[::]",
                             "0.0.0.0",
                             "localhost..",
                             "%6cocalhost",
                             "127.0.0.1%25eth0",
                             "127.0.0.1%61.evil.example",
                             "*",
                             "*.example.net.evil.example"})
        EXPECT_FALSE(served(guard, host)) << host;
    const auto no = guard.check_host("evil.example:8998", here);
    EXPECT_EQ(no->status, 403U);
    EXPECT_THAT(no->message, HasSubstr("\"evil.example\""));
    EXPECT_THAT(no->message, HasSubstr("server.allowed-hosts"));
}

TEST(page_guard, compares_addresses_without_their_zone) {
    EXPECT_FALSE(strict().check_host("[fe80::1%25eth0]:8998", asio::ip::make_address("fe80::1%1")));
    EXPECT_TRUE(strict().check_host("[fe80::2%25eth0]", asio::ip::make_address("fe80::1%1")));
}

TEST(page_guard, without_a_list_of_names_serves_any) {
    EXPECT_TRUE(served(page_guard(page_rules{}), "evil.example"));
}

using fields = std::vector<std::pair<std::string, std::string>>;

request get(fields headers, method verb = method::get) {
    request out;
    out.verb = out.sent_verb = verb;
    out.headers = std::move(headers);
    return out;
}

fields from_page(const std::string& origin, const std::string& host = "gate:8998") {
    return {{"host", host}, {"origin", origin}};
}

TEST(page_guard, lets_programs_and_its_own_pages_through) {
    const auto guard = strict();
    for (const auto& headers :
         {fields{}, fields{{"host", "gate"}}, fields{{"host", "gate"}, {"referer", "http://evil.example/"}},
          fields{{"sec-fetch-site", "same-origin"}}, fields{{"sec-fetch-site", "none"}},
          from_page("http://gate:8998"), from_page("HTTP://GATE:8998"), from_page("http://gate", "gate"),
          from_page("http://gate", "gate:80"), from_page("http://gate:80", "gate"),
          from_page("https://gate", "gate"), from_page("https://gate", "gate:443"),
          from_page("https://gate:8443", "gate:8443"), from_page("http://[::1]:1", "[::1]:1")}) {
        EXPECT_FALSE(guard.check_page(get(headers, method::post), false).refused)
            << testing::PrintToString(headers);
        EXPECT_EQ(guard.check_page(get(headers, method::post), false).allowed_origin, "");
    }
}

TEST(page_guard, refuses_pages_of_other_sites) {
    const auto guard = strict({}, {"https://notebook.example.org"});
    for (const auto& headers :
         {from_page("http://evil.example"),
          from_page("null"),
          from_page(""),
          from_page("gate:8998"),
          from_page("http://gate"),
          from_page("http://gate:8999"),
          from_page("http://gate:443", "gate"),
          from_page("https://gate", "gate:80"),
          from_page("ftp://gate:8998"),
          from_page("http://gate:8998/"),
          from_page("http://gate:8998 http://evil.example"),
          from_page("http://gate:8998, http://evil.example"),
          from_page("http://u@gate:8998"),
          from_page("file://"),
          from_page("http://notebook.example.org"),
          from_page("https://notebook.example.org:8443"),
          from_page("https://notebook.example.org.evil.example"),
          fields{{"origin", "http://gate"}},
          fields{{"host", "gate"}, {"origin", "http://gate"}, {"origin", "http://evil.example"}},
          fields{{"host", "gate"},
                 {"origin", "https://notebook.example.org"},
                 {"origin", "https://notebook.example.org"}},
          fields{{"sec-fetch-site", "cross-site"}},
          fields{{"sec-fetch-site", "same-site"}},
          fields{{"sec-fetch-site", "something-new"}},
          fields{{"sec-fetch-site", ""}},
          fields{{"sec-fetch-site", "same-origin"}, {"sec-fetch-site", "cross-site"}},
          fields{{"host", "gate"}, {"origin", "http://gate"}, {"sec-fetch-site", "cross-site"}}})
        for (const auto verb : {method::get, method::head, method::post, method::delete_, method::options}) {
            const auto out = guard.check_page(get(headers, verb), false);
            ASSERT_TRUE(out.refused) << testing::PrintToString(headers);
            EXPECT_EQ(out.refused->status, 403U);
            EXPECT_THAT(out.refused->message, HasSubstr("server.allowed-origins"));
            EXPECT_EQ(out.allowed_origin, "");
        }
}

TEST(page_guard, takes_no_page_in_the_clear_for_its_own_when_it_speaks_tls) {
    EXPECT_TRUE(strict().check_page(get(from_page("http://gate", "gate")), true).refused);
    EXPECT_FALSE(strict().check_page(get(from_page("https://gate", "gate")), true).refused);
}

TEST(page_guard, lets_allowed_pages_through) {
    const auto guard =
        strict({}, {"https://notebook.example.org", "http://Lab:8888", "chrome-extension://abc"});
    for (const auto* origin : {"https://notebook.example.org", "https://notebook.example.org:443",
                               "http://lab:8888", "chrome-extension://abc"}) {
        auto headers = from_page(origin);
        headers.emplace_back("sec-fetch-site", "cross-site");
        const auto asked = get(headers, method::post);
        const auto out = guard.check_page(asked, true);
        EXPECT_FALSE(out.refused) << origin;
        EXPECT_EQ(out.allowed_origin, origin) << "as the page spells it";
    }
}

TEST(page_guard, opens_links_of_other_sites) {
    const auto with = [](const char* mode, const char* destination, method verb,
                         const char* origin = nullptr) {
        fields headers{{"host", "gate"},
                       {"sec-fetch-site", "cross-site"},
                       {"sec-fetch-mode", mode},
                       {"sec-fetch-dest", destination}};
        if (origin) headers.emplace_back("origin", origin);
        return !strict().check_page(get(headers, verb), false).refused;
    };
    EXPECT_TRUE(with("navigate", "document", method::get));
    EXPECT_FALSE(with("navigate", "iframe", method::get));
    EXPECT_FALSE(with("navigate", "object", method::get));
    EXPECT_FALSE(with("navigate", "document", method::post));
    EXPECT_FALSE(with("navigate", "document", method::get, "null"));
    EXPECT_FALSE(with("navigate", "document", method::head));
    EXPECT_FALSE(with("no-cors", "document", method::get));
    EXPECT_FALSE(with("no-cors", "image", method::get));
}

TEST(page_guard, a_method_that_is_only_meant_opens_nothing) {
    auto asked = get(
        {{"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "navigate"}, {"sec-fetch-dest", "document"}},
        method::post);
    asked.verb = method::get;
    EXPECT_TRUE(strict().check_page(asked, false).refused);
}

std::string header_of(const response& from, std::string_view name) {
    for (const auto& [key, value] : from.headers)
        if (key == name) return value;
    return "(none)";
}

TEST(page_guard, answers_the_question_before_a_request) {
    const auto out = preflight(get({{"access-control-request-method", "POST"},
                                    {"access-control-request-headers", "content-type, x-requested-by"},
                                    {"access-control-request-private-network", "true"}},
                                   method::options),
                               "GET, POST");
    ASSERT_TRUE(out);
    EXPECT_EQ(out->status, 204U);
    EXPECT_EQ(header_of(*out, "Access-Control-Allow-Methods"), "GET, POST");
    EXPECT_EQ(header_of(*out, "Access-Control-Allow-Headers"), "content-type, x-requested-by");
    EXPECT_EQ(header_of(*out, "Access-Control-Allow-Private-Network"), "true");
    EXPECT_EQ(header_of(*out, "Access-Control-Max-Age"), "7200");
}

TEST(page_guard, answers_only_what_was_asked) {
    EXPECT_FALSE(preflight(get({}, method::options), "GET"));
    EXPECT_FALSE(preflight(get({{"access-control-request-method", "POST"}}, method::post), "GET"));
    const auto out =
        preflight(get({{"access-control-request-method", "POST"}, {"access-control-request-headers", "a\"b"}},
                      method::options),
                  "GET");
    EXPECT_EQ(header_of(*out, "Access-Control-Allow-Headers"), "(none)");
    EXPECT_EQ(header_of(*out, "Access-Control-Allow-Private-Network"), "(none)");
}

TEST(page_guard, shows_an_answer_to_one_origin_with_its_credentials) {
    response out;
    show_to("https://a", out);
    EXPECT_EQ(header_of(out, "Access-Control-Allow-Origin"), "https://a");
    EXPECT_EQ(header_of(out, "Access-Control-Allow-Credentials"), "true");
    EXPECT_EQ(header_of(out, "Access-Control-Expose-Headers"),
              "Location, X-Request-Id, Idempotent-Replay, Retry-After");
}

TEST(page_guard, says_what_a_rule_may_be) {
    for (const auto* rule : {"gate", "gate.example.org", "*.example.org", "10.0.0.7", "[::1]", "::1"})
        EXPECT_TRUE(is_host_rule(rule)) << rule;
    for (const auto* rule :
         {"", "*", "*.", "a.*", "http://gate", "gate:8998", "gate:", "gate/x", "u@gate", "[::1]:8"})
        EXPECT_FALSE(is_host_rule(rule)) << rule;
    for (const auto* rule : {"https://a", "http://a:8888", "http://[::1]:1", "chrome-extension://abcdef"})
        EXPECT_TRUE(is_origin_rule(rule)) << rule;
    for (const auto* rule : {"", "*", "null", "a.example", "https://", "https://a/", "https://*.example.org",
                             "https://u@a", "file://"})
        EXPECT_FALSE(is_origin_rule(rule)) << rule;
}

}  // namespace
}  // namespace sparkgate::http
