// POST /sessions/{id}/stop, interrupt, connect.
#include "errors.hpp"
#include "handlers.hpp"
#include "views.hpp"

namespace sparkgate::api {
namespace {

awaitable<response> end(const context& api, const path_values& path, response done) {
    auto found = find_session(api, path[0]);
    if (!found) co_return to_response(found.error());
    std::string by_client;
    co_await (*found)->stop(std::move(by_client));
    co_return done;
}

}  // namespace

// The session stays listed, dead, until its retention is over.
awaitable<response> stop_session(context& api, const request&, const path_values& path) {
    return end(api, path, json_response({}, 204));
}

// Livy's interrupt is a stop with another answer; statements have their own cancel.
awaitable<response> interrupt_session(context& api, const request&, const path_values& path) {
    return end(api, path, json_response("{\"msg\":\"interrupted\"}"));
}

// Says that a client is interested, nothing more: it keeps the session from idling out.
awaitable<response> connect_session(context& api, const request& from, const path_values& path) {
    auto found = find_session(api, path[0]);
    if (!found) co_return to_response(found.error());
    (*found)->touch();
    co_return json_response(view_text(**found, session_view_for(api, from)));
}

}  // namespace sparkgate::api
