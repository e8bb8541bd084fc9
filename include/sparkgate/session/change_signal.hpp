// Lets coroutines wait until something changes, with a deadline. Thread: the event loop's only.
#pragma once

#include "sparkgate/base/async.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <set>

namespace sparkgate::session {

class change_signal {
public:
    using time_point = std::chrono::steady_clock::time_point;

    // Wakes everybody who waits now.
    void notify();

    // Returns after the next notify() or at the deadline. The signal must outlive the wait.
    awaitable<void> wait_until(time_point deadline);

private:
    std::set<asio::steady_timer*> waiting_;
};

}  // namespace sparkgate::session
