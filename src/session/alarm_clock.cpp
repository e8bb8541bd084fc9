#include "sparkgate/session/alarm_clock.hpp"

namespace sparkgate::session {

void alarm_clock::ring_by(change_signal::time_point when) {
    if (when >= next_) return;
    next_ = when;
    advanced_.notify();
}

awaitable<void> alarm_clock::wait() {
    while (std::chrono::steady_clock::now() < next_)
        co_await advanced_.wait_until(next_);
    next_ = change_signal::time_point::max();
}

}  // namespace sparkgate::session
