#pragma once

#include "sparkgate/base/async.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace sparkgate::session {

// Between two attempts to store what must not be lost.
inline constexpr auto store_pause = std::chrono::seconds(1);

inline awaitable<void> pause(asio::any_io_executor executor, std::chrono::milliseconds time) {
    asio::steady_timer timer(executor, time);
    (void)co_await timer.async_wait(as_tuple);
}

}  // namespace sparkgate::session
