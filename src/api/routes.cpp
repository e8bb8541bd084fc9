#include "sparkgate/api/routes.hpp"

#include "errors.hpp"
#include "handlers.hpp"
#include "text_limits.hpp"

#include <algorithm>

namespace sparkgate::api {
namespace {

using function = awaitable<response> (*)(context&, const request&, const path_values&);
using receive_function = awaitable<http::receiver_or_refusal> (*)(context&, const request&,
                                                                  const path_values&);

struct entry {
    http::method verb;
    const char* pattern;
    function run;
    receive_function receive = nullptr;  // of an upload, instead
    bool large_body = false;             // its body may be as large as any
};

constexpr auto GET = http::method::get;
constexpr auto POST = http::method::post;
constexpr auto DELETE = http::method::delete_;

constexpr std::size_t around_a_file = 1 << 20;  // the other parts of a form

// The order within a path is the order of the Allow header.
constexpr entry table[] = {
    {GET, "/", get_root},
    {GET, "/ui", get_ui},
    {GET, "/version", get_version},
    {GET, "/metrics", get_metrics},
    {GET, "/metrics/metrics", get_livy_metrics},
    {GET, "/metrics/ping", get_ping},
    {GET, "/metrics/threads", get_threads},
    {GET, "/metrics/healthcheck", get_healthcheck},
    {POST, "/sessions", create_session},
    {GET, "/sessions", list_sessions},
    {DELETE, "/sessions/{id}", delete_session},
    {GET, "/sessions/{id}", get_session},
    {GET, "/sessions/{id}/state", get_session_state},
    {GET, "/sessions/{id}/log", get_session_log},
    {GET, "/sessions/{id}/events", get_session_events},
    {POST, "/sessions/{id}/stop", stop_session},
    {POST, "/sessions/{id}/interrupt", interrupt_session},
    {POST, "/sessions/{id}/connect", connect_session},
    {POST, "/sessions/{id}/statements", create_statement, nullptr, true},
    {GET, "/sessions/{id}/statements", list_statements},
    {GET, "/sessions/{id}/statements/{statement}", get_statement},
    {GET, "/sessions/{id}/statements/{statement}/output", get_statement_output},
    {GET, "/sessions/{id}/statements/{statement}/events", get_statement_events},
    {POST, "/sessions/{id}/statements/{statement}/cancel", cancel_statement},
    {POST, "/sessions/{id}/completion", complete_code},
    {POST, "/sessions/{id}/add-jar", add_jar},
    {POST, "/sessions/{id}/add-pyfile", add_pyfile},
    {POST, "/sessions/{id}/add-file", add_file},
    {POST, "/sessions/{id}/upload-jar", nullptr, upload_jar},
    {POST, "/sessions/{id}/upload-pyfile", nullptr, upload_pyfile},
    {POST, "/sessions/{id}/upload-file", nullptr, upload_file},
    {POST, "/sessions/{id}/submit-job", submit_job},
    {POST, "/sessions/{id}/run-job", submit_job},
    {GET, "/sessions/{id}/jobs/{job}", get_job},
    {POST, "/sessions/{id}/jobs/{job}/cancel", cancel_job},
    {POST, "/batches", create_batch},
    {GET, "/batches", list_batches},
    {DELETE, "/batches/{id}", delete_batch},
    {GET, "/batches/{id}", get_batch},
    {GET, "/batches/{id}/state", get_batch_state},
    {GET, "/batches/{id}/log", get_batch_log},
};

}  // namespace

std::vector<http::route> routes(session::session_manager& sessions, session::batch_manager& batches,
                                const config::settings& settings) {
    const auto api = std::make_shared<context>(context{sessions, batches, settings});
    std::vector<http::route> out;
    for (const auto& each : table) {
        auto bound = [&api](auto run) {
            return [api, run](const request& from, const path_values& path) { return run(*api, from, path); };
        };
        http::route route{each.verb, each.pattern, {}};
        if (each.receive) {
            route.receive = bound(each.receive);
            route.body_limit = settings.upload_max_size.value + around_a_file;
        } else {
            route.handle = bound(each.run);
            if (!each.large_body)
                route.body_limit =
                    std::min(settings.creation_body_size.value, settings.request_body_size.value);
        }
        out.push_back(std::move(route));
    }
    return out;
}

std::optional<response> refuse(const request& from, const config::settings& settings) {
    const auto sent = from.sent_verb;
    const bool changes =
        sent != http::method::get && sent != http::method::head && sent != http::method::options;
    if (changes && settings.csrf_protection && !from.header("x-requested-by"))
        return msg_error(400, "Missing Required Header for CSRF protection.");
    if (const auto problem = text_problem(from)) return msg_error(400, *problem);
    // Clients may ask for the API's version: "application/vnd.livy.v0.1+json".
    const bool versioned = !from.path.empty() && (from.path[0] == "sessions" || from.path[0] == "batches");
    constexpr std::string_view before_version = "application/vnd.livy.v";
    const auto* accept = from.header("accept");
    if (!versioned || !accept || !accept->starts_with(before_version)) return {};
    const auto version = accept->substr(before_version.size(), accept->find('+') - before_version.size());
    if (version == "0.1") return {};
    return msg_error(406, "No value found for '" + version + "'");
}

response json_response(std::string body, unsigned status) {
    response out;
    out.status = status;
    out.body = std::move(body);
    return out;
}

response stream_response(std::string content_type, http::body_producer produce) {
    response out;
    out.content_type = std::move(content_type);
    out.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
    out.stream = std::move(produce);
    return out;
}

}  // namespace sparkgate::api
