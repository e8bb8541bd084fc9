// Livy's REST API as a table of routes over the managers of sessions and batches.
#pragma once

#include "sparkgate/config/settings.hpp"
#include "sparkgate/http/router.hpp"
#include "sparkgate/http/server.hpp"
#include "sparkgate/session/batch_manager.hpp"
#include "sparkgate/session/session_manager.hpp"

namespace sparkgate::api {

// The routes keep references to all arguments.
std::vector<http::route> routes(session::session_manager& sessions, session::batch_manager& batches,
                                const config::settings& settings);

// What is refused whatever the route, as in Livy before it is looked for: a change without the header that
// CSRF protection wants (400), and below the REST collections a version of the API that is not there (406).
std::optional<http::response> refuse(const http::request& from, const config::settings& settings);

// The HTTP server's own errors: an empty body for 404 and 405 as in Livy (where only the REST routes' are of
// the type JSON), a text in the API's shape otherwise.
http::response server_error_response(const http::request& from, unsigned status, std::string_view message);

}  // namespace sparkgate::api
