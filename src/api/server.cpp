// What concerns the server itself.
#include "handlers.hpp"

namespace sparkgate::api {

// The version is that of the API: pylivy compares its parts as strings, so it has to stay below 0.10.
awaitable<response> get_version(context&, const request&, const path_values&) {
    const json body{{"url", "sparkgate"},
                    {"branch", "main"},
                    {"revision", "sparkgate-" SPARKGATE_VERSION},
                    {"version", "0.9.0-incubating"},
                    {"date", "<unknown>"},
                    {"user", "sparkgate"}};
    co_return json_response(dump_json(body));
}

awaitable<response> get_root(context&, const request&, const path_values&) {
    response out;
    out.content_type = "text/html;charset=utf-8";
    out.body = "<!doctype html><html lang=\"en\"><title>sparkgate</title><h1>sparkgate " SPARKGATE_VERSION
               "</h1>"
               "<p>A REST gateway for Apache Spark sessions that speaks Livy's API.</p>"
               "<ul><li><a href=\"/sessions\">/sessions</a></li><li><a "
               "href=\"/version\">/version</a></li></ul></html>\n";
    co_return out;
}

}  // namespace sparkgate::api
