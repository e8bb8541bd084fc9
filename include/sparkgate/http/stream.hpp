// A body that is sent piece by piece while it comes into being: event streams, logs that are followed.
#pragma once

#include "sparkgate/base/async.hpp"

#include <functional>
#include <string_view>

namespace sparkgate::http {

// The client's end of such a body. Event-loop thread only; used by one coroutine.
class body_writer {
public:
    virtual ~body_writer() = default;

    // Resolves when the socket has taken the piece: nothing is queued, the producer waits for its client. An
    // empty piece sends nothing. False when nobody reads any more: the client has gone, or has not taken the
    // piece in time (limits::write_timeout, plus the time that its size allows).
    virtual awaitable<bool> write(std::string_view piece) = 0;

    // Whether somebody still reads. The end is noticed at once, also while nothing is written.
    virtual bool open() const = 0;
};

// Writes the whole body and returns; nothing else is sent on the connection meanwhile. When nobody reads any
// more, the wait that it is in is cancelled (a timer ends early, with an error code and without an
// exception): it looks at open() after each wait. It lives as long as the connection at most, and has to end
// by itself when the server is to stop. An exception is a bug: it is logged, and the client sees a body that
// was cut. Never called for HEAD.
using body_producer = std::function<awaitable<void>(body_writer&)>;

}  // namespace sparkgate::http
