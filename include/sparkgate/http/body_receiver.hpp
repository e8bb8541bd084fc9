// Takes the body of one request while it comes: for routes whose bodies are too large for memory.
#pragma once

#include "sparkgate/base/async.hpp"
#include "sparkgate/http/message.hpp"

#include <optional>
#include <string_view>

namespace sparkgate::http {

// Event-loop thread; one call at a time, each awaited to its end. Destroyed without finish() when the body
// did not come whole: then nothing may be left of it.
class body_receiver {
public:
    virtual ~body_receiver() = default;

    // The next piece, not empty, for as long as the awaitable lives; the client is not read from meanwhile. A
    // response refuses the request: it is sent, and the connection closed.
    virtual awaitable<std::optional<response>> take(std::string_view piece) = 0;

    // The body has come whole: the answer.
    virtual awaitable<response> finish() = 0;
};

}  // namespace sparkgate::http
