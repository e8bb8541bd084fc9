// One timer for many times: rings at the earliest that anybody asked for. Who asked for a time that has moved
// away since is woken in vain and asks again, so that moving it costs nothing. Thread: the event loop's only.
#pragma once

#include "sparkgate/session/change_signal.hpp"

namespace sparkgate::session {

class alarm_clock {
public:
    // To be rung at `when`, or earlier.
    void ring_by(change_signal::time_point when);

    // Returns at the earliest time asked for, and forgets all of them. One waits at a time; the clock must
    // outlive the wait.
    awaitable<void> wait();

private:
    change_signal::time_point next_ = change_signal::time_point::max();
    change_signal advanced_;
};

}  // namespace sparkgate::session
