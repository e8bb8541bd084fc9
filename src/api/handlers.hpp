// The handlers of the route table, one file per resource.
#pragma once

#include "sparkgate/api/routes.hpp"

namespace sparkgate::api {

struct context {
    session::session_manager& sessions;
    const config::settings& settings;
};

using http::path_values;
using http::request;
using http::response;

// sessions.cpp
awaitable<response> list_sessions(context& api, const request& from, const path_values& path);
awaitable<response> create_session(context& api, const request& from, const path_values& path);
awaitable<response> get_session(context& api, const request& from, const path_values& path);
awaitable<response> get_session_state(context& api, const request& from, const path_values& path);
awaitable<response> get_session_log(context& api, const request& from, const path_values& path);
awaitable<response> delete_session(context& api, const request& from, const path_values& path);

// statements.cpp
awaitable<response> list_statements(context& api, const request& from, const path_values& path);
awaitable<response> create_statement(context& api, const request& from, const path_values& path);
awaitable<response> get_statement(context& api, const request& from, const path_values& path);
awaitable<response> get_statement_output(context& api, const request& from, const path_values& path);
awaitable<response> cancel_statement(context& api, const request& from, const path_values& path);
awaitable<response> complete_code(context& api, const request& from, const path_values& path);

// server.cpp
awaitable<response> get_version(context& api, const request& from, const path_values& path);
awaitable<response> get_root(context& api, const request& from, const path_values& path);

// The session that a path names. Every handler below /sessions/{id} finds it here: the request is a
// heartbeat.
inline result<std::shared_ptr<session::session>> find_session(const context& api,
                                                              const std::string& id_or_name) {
    auto found = api.sessions.find(id_or_name);
    if (found) (*found)->heard_from();
    return found;
}

// Holds an answer until `done()` or for `time`; a stopping gateway holds none. Who waits for it counts as
// heard from for all of that time. `done` is a named lambda: g++ 12 destroys a temporary one twice.
template <class Done>
awaitable<void> hold(context& api, std::shared_ptr<session::session> on, std::chrono::milliseconds time,
                     Done done) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (!done() && !api.sessions.releases_waiters() && std::chrono::steady_clock::now() < deadline) {
        on->heard_from(deadline - std::chrono::steady_clock::now());
        co_await on->changed().wait_until(deadline);
    }
}

// 200 with a body that is JSON text.
response json_response(std::string body, unsigned status = 200);

}  // namespace sparkgate::api
