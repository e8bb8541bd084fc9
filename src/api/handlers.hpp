// The handlers of the route table, one file per resource.
#pragma once

#include "views.hpp"

#include "sparkgate/api/routes.hpp"

#include <boost/asio/post.hpp>

namespace sparkgate::api {

struct context {
    session::session_manager& sessions;
    session::batch_manager& batches;
    const config::settings& settings;
};

using http::path_values;
using http::request;
using http::response;
using session_pointer = std::shared_ptr<session::session>;
using statement_pointer = std::shared_ptr<const session::statement>;

// sessions.cpp
awaitable<response> list_sessions(context& api, const request& from, const path_values& path);
awaitable<response> create_session(context& api, const request& from, const path_values& path);
awaitable<response> get_session(context& api, const request& from, const path_values& path);
awaitable<response> get_session_state(context& api, const request& from, const path_values& path);
awaitable<response> get_session_log(context& api, const request& from, const path_values& path);
awaitable<response> delete_session(context& api, const request& from, const path_values& path);
// How sessions are shown to who sent the request.
view_function session_view_for(const context& api, const request& from);

// batches.cpp
awaitable<response> list_batches(context& api, const request& from, const path_values& path);
awaitable<response> create_batch(context& api, const request& from, const path_values& path);
awaitable<response> get_batch(context& api, const request& from, const path_values& path);
awaitable<response> get_batch_state(context& api, const request& from, const path_values& path);
awaitable<response> get_batch_log(context& api, const request& from, const path_values& path);
awaitable<response> delete_batch(context& api, const request& from, const path_values& path);

// session_actions.cpp
awaitable<response> stop_session(context& api, const request& from, const path_values& path);
awaitable<response> interrupt_session(context& api, const request& from, const path_values& path);
awaitable<response> connect_session(context& api, const request& from, const path_values& path);

// statements.cpp
awaitable<response> list_statements(context& api, const request& from, const path_values& path);
awaitable<response> create_statement(context& api, const request& from, const path_values& path);
awaitable<response> get_statement(context& api, const request& from, const path_values& path);
awaitable<response> get_statement_output(context& api, const request& from, const path_values& path);
awaitable<response> cancel_statement(context& api, const request& from, const path_values& path);
awaitable<response> complete_code(context& api, const request& from, const path_values& path);

// events.cpp
awaitable<response> get_session_events(context& api, const request& from, const path_values& path);
awaitable<response> get_statement_events(context& api, const request& from, const path_values& path);

// files.cpp
awaitable<response> add_jar(context& api, const request& from, const path_values& path);
awaitable<response> add_pyfile(context& api, const request& from, const path_values& path);
awaitable<response> add_file(context& api, const request& from, const path_values& path);
awaitable<http::receiver_or_refusal> upload_jar(context& api, const request& from, const path_values& path);
awaitable<http::receiver_or_refusal> upload_pyfile(context& api, const request& from,
                                                   const path_values& path);
awaitable<http::receiver_or_refusal> upload_file(context& api, const request& from, const path_values& path);

// jobs.cpp
awaitable<response> submit_job(context& api, const request& from, const path_values& path);
awaitable<response> get_job(context& api, const request& from, const path_values& path);
awaitable<response> cancel_job(context& api, const request& from, const path_values& path);

// server.cpp
awaitable<response> get_version(context& api, const request& from, const path_values& path);
awaitable<response> get_root(context& api, const request& from, const path_values& path);
awaitable<response> get_ui(context& api, const request& from, const path_values& path);
awaitable<response> get_metrics(context& api, const request& from, const path_values& path);
awaitable<response> get_ping(context& api, const request& from, const path_values& path);
awaitable<response> get_threads(context& api, const request& from, const path_values& path);
awaitable<response> get_livy_metrics(context& api, const request& from, const path_values& path);
awaitable<response> get_healthcheck(context& api, const request& from, const path_values& path);

// The session that a path names. Every handler below /sessions/{id} finds it here: the request is a
// heartbeat.
result<session_pointer> find_session(const context& api, const std::string& id_or_name);

// The session that a request names, or the answer that refuses the request.
struct opened {
    session_pointer session;
    std::optional<response> refused;
};
// The answer to what Livy does with active sessions only: 400, with the reason why the session ended.
response not_active(const session::session& ended);
// The session, unless it is not active.
opened open_for_reading(const context& api, const std::string& id_or_name);
// The same for what goes to the driver, where Livy answers 500 (Zeppelin matches its text). Nothing was done,
// so that a client that repeats the request does no harm.
opened open_for_writing(const context& api, const std::string& id_or_name);

// The statement that a path names, and the answer where there is none. Errors: not_found, invalid_argument.
result<statement_pointer> find_statement(const session::session& owner, const std::string& number);
response statement_error(const error& e);
// Appends the statement as clients see it. Errors: unavailable.
awaitable<result<void>> append_view(const context& api, session_pointer owner, statement_pointer which,
                                    std::string& out);

// Holds an answer until `done()` or for `time`; a stopping gateway holds none. Who waits for it counts as
// heard from for all of that time; `told` is when an answer was last let go, which hold_time() wants to know.
// `done` is a named lambda: g++ 12 destroys a temporary one twice.
template <class Done>
awaitable<void> hold(context& api, std::shared_ptr<session::session> on, std::chrono::milliseconds time,
                     std::chrono::steady_clock::time_point& told, Done done) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (!done() && !api.sessions.releases_waiters() && std::chrono::steady_clock::now() < deadline) {
        on->heard_from(deadline - std::chrono::steady_clock::now());
        co_await on->changed().wait_until(deadline);
    }
    told = std::chrono::steady_clock::now();
}

// work() at once, or among the workers where it is about so many bytes that it would hold up everybody else.
// What `work` refers to lives until this resolves. (It is a named object: g++ 12 destroys a temporary one
// twice.)
template <class Work>
awaitable<std::invoke_result_t<Work&>> aside(const context& api, std::size_t bytes, Work work) {
    constexpr std::size_t at_once = 64 * 1024, quick = 1 << 20;
    if (bytes <= at_once) co_return work();
    co_return co_await api.sessions.workers().run(bytes <= quick ? lane::quick : lane::slow, std::move(work));
}

// Before another part of what is dear for a large request: others have their turn.
inline awaitable<void> give_way(const request& from) {
    if (from.body.size() > 64 * 1024) co_await asio::post(asio::use_awaitable);
}

// 200 with a body that is JSON text.
response json_response(std::string body, unsigned status = 200);

// 200 with a body that `produce` sends while it comes to be: neither kept by anybody nor held up by a proxy.
response stream_response(std::string content_type, http::body_producer produce);

}  // namespace sparkgate::api
