// The driver of a session as the protocol (docs/driver-protocol.md) wants it, without Spark: it answers
// everything at once.
#pragma once

#include "sparkgate/base/async.hpp"
#include "sparkgate/base/json.hpp"

namespace sparkgate::fuzz {

// `settings` is what stands in the session's driver.json. Ends with the connection.
//
// A statement's result is its own code, as text. One that begins with "wait" ends only when it is cancelled.
// A file whose URI has "missing" in it cannot be added.
awaitable<void> play_driver(json settings);

}  // namespace sparkgate::fuzz
