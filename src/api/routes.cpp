#include "sparkgate/api/routes.hpp"

#include "errors.hpp"
#include "handlers.hpp"

namespace sparkgate::api {
namespace {

using function = awaitable<response> (*)(context&, const request&, const path_values&);

struct entry {
    http::method verb;
    const char* pattern;
    function run;
};

constexpr auto GET = http::method::get;
constexpr auto POST = http::method::post;
constexpr auto DELETE = http::method::delete_;

// The order within a path is the order of the Allow header.
constexpr entry table[] = {
    {GET, "/", get_root},
    {GET, "/version", get_version},
    {POST, "/sessions", create_session},
    {GET, "/sessions", list_sessions},
    {DELETE, "/sessions/{id}", delete_session},
    {GET, "/sessions/{id}", get_session},
    {GET, "/sessions/{id}/state", get_session_state},
    {GET, "/sessions/{id}/log", get_session_log},
    {POST, "/sessions/{id}/statements", create_statement},
    {GET, "/sessions/{id}/statements", list_statements},
    {GET, "/sessions/{id}/statements/{statement}", get_statement},
    {GET, "/sessions/{id}/statements/{statement}/output", get_statement_output},
    {POST, "/sessions/{id}/statements/{statement}/cancel", cancel_statement},
    {POST, "/sessions/{id}/completion", complete_code},
};

}  // namespace

std::vector<http::route> routes(session::session_manager& sessions, const config::settings& settings) {
    const auto api = std::make_shared<context>(context{sessions, settings});
    std::vector<http::route> out;
    for (const auto& each : table) {
        auto handle = [api, run = each.run](const request& from, const path_values& path) {
            return run(*api, from, path);
        };
        out.push_back({each.verb, each.pattern, std::move(handle)});
    }
    return out;
}

response json_response(std::string body, unsigned status) {
    response out;
    out.status = status;
    out.body = std::move(body);
    return out;
}

}  // namespace sparkgate::api
