// The body of POST /batches.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/session/request.hpp"

namespace sparkgate::api {

// Livy's CreateBatchRequest: an object with 16 fields, of which `file` (empty if it is not there) is
// required. Errors: invalid_argument, also for an empty body.
result<session::batch_request> parse_batch_request(const std::string& body);

}  // namespace sparkgate::api
