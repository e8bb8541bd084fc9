// Errors on the wire: two shapes, and for each code one status, which docs/http.md tells.
#include "api/errors.hpp"

#include "sparkgate/api/routes.hpp"
#include "sparkgate/base/files.hpp"

#include <gtest/gtest.h>

namespace sparkgate::api {
namespace {

TEST(errors, the_page_holds_the_table) {
    const auto root = std::filesystem::path(SPARKGATE_TEST_DATA).parent_path().parent_path();
    const auto page = read_file(root / "docs" / "http.md").value();
    EXPECT_NE(page.find(error_table_markdown()), std::string::npos) << "docs/http.md should hold:\n"
                                                                    << error_table_markdown();
}

TEST(errors, two_shapes) {
    const auto message = msg_error(400, "a \"b\"\n\xff");
    EXPECT_EQ(message.status, 400u);
    EXPECT_EQ(message.body, "{\"msg\":\"a \\\"b\\\"\\n\xEF\xBF\xBD\"}");
    EXPECT_EQ(message.content_type, "application/json;charset=utf-8");
    const auto text = text_error(404, "Statement not found");
    EXPECT_EQ(text.status, 404u);
    EXPECT_EQ(text.body, "\"Statement not found\"");
    EXPECT_EQ(text.content_type, "application/json;charset=utf-8");
}

TEST(errors, each_code_has_its_status) {
    using retry = std::vector<std::pair<std::string, std::string>>;
    const retry none, after_five{{"Retry-After", "5"}};
    const std::vector<std::tuple<errc, unsigned, retry>> table{
        {errc::invalid_argument, 400, none}, {errc::forbidden, 403, none},
        {errc::not_found, 404, none},        {errc::conflict, 409, none},
        {errc::too_large, 413, none},        {errc::busy, 429, after_five},
        {errc::internal, 500, none},         {errc::unavailable, 503, after_five},
        {errc::mismatch, 422, none},         {errc::no_space, 507, none}};
    for (const auto& [code, status, headers] : table) {
        const auto out = to_response(fail(code, "why"));
        EXPECT_EQ(out.status, status);
        EXPECT_EQ(out.body, R"({"msg":"why"})");
        EXPECT_EQ(out.headers, headers) << status;
    }
}

TEST(errors, of_the_http_server_are_empty_for_404_and_405_as_livys) {
    http::request rest, other;
    rest.path = {"sessions", "0", "nothing"};
    other.path = {"nothing"};
    for (const unsigned status : {404u, 405u}) {
        const auto out = server_error_response(rest, status, "no such route");
        EXPECT_EQ(out.status, status);
        EXPECT_EQ(out.body, "");
        EXPECT_EQ(out.content_type, "application/json;charset=utf-8");
        EXPECT_EQ(server_error_response(other, status, "no such route").content_type,
                  "text/html;charset=utf-8");
    }
    EXPECT_EQ(server_error_response({}, 413, "too large").body, R"({"msg":"too large"})");
}

}  // namespace
}  // namespace sparkgate::api
