// The fields that the bodies of POST /sessions and POST /batches share.
#pragma once

#include "body.hpp"

#include "sparkgate/session/request.hpp"

namespace sparkgate::api {

// Wrong types are kept in the reader's error().
process::spark_request read_spark_request(body_reader& in);

}  // namespace sparkgate::api
