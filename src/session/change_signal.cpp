#include "sparkgate/session/change_signal.hpp"

#include <boost/asio/this_coro.hpp>

namespace sparkgate::session {

void change_signal::notify() {
    for (auto* timer : waiting_)
        timer->cancel();
}

awaitable<void> change_signal::wait_until(time_point deadline) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, deadline);
    waiting_.insert(&timer);
    (void)co_await timer.async_wait(as_tuple);  // cancelled: notified
    waiting_.erase(&timer);
}

}  // namespace sparkgate::session
