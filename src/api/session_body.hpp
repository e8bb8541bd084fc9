// The body of POST /sessions.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/session/request.hpp"

namespace sparkgate::api {

// Livy's CreateInteractiveRequest: 17 optional fields. An empty body is an empty object. Errors: invalid_argument.
result<session::session_request> parse_session_request(const std::string& body);

}  // namespace sparkgate::api
