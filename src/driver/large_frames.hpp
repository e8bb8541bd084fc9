// Lets a few large frames in at a time: the drivers of many sessions cannot make the gateway hold the largest
// frame of each. One that does not get on has to go. Thread: the event loop's only.
#pragma once

#include "sparkgate/base/async.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <memory>

namespace sparkgate::driver {

class large_frames : public std::enable_shared_from_this<large_frames> {
public:
    static constexpr std::size_t beyond = 128u << 10;  // bytes: what counts as large
    static constexpr std::size_t at_a_time = 4;
    static constexpr std::chrono::seconds longest{20};

    // One frame's; given back when it is destroyed.
    class place {
    public:
        place(std::shared_ptr<large_frames> of, std::unique_ptr<asio::steady_timer> limit)
            : of_(std::move(of)), limit_(std::move(limit)) {}
        place(place&&) noexcept = default;
        place& operator=(place&&) = delete;
        ~place() {
            if (of_) of_->leave();
        }

    private:
        std::shared_ptr<large_frames> of_;
        std::unique_ptr<asio::steady_timer> limit_;
    };

    // In the order of coming. `too_slow` is called when the frame has not come in time.
    awaitable<std::unique_ptr<place>> enter(asio::any_io_executor executor, std::function<void()> too_slow);

private:
    void leave();

    std::size_t inside_ = 0;
    std::deque<std::shared_ptr<asio::steady_timer>> waiting_;  // never expire; cancelled to wake
};

}  // namespace sparkgate::driver
