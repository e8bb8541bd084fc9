// The body of POST /sessions.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/session/request.hpp"

namespace sparkgate::api {

// Livy's CreateInteractiveRequest: an object with 17 optional fields. Errors: invalid_argument, also for an
// empty body.
result<session::session_request> parse_session_request(const std::string& body);

}  // namespace sparkgate::api
