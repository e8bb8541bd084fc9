#include "large_frames.hpp"

namespace sparkgate::driver {

awaitable<std::unique_ptr<large_frames::place>> large_frames::enter(asio::any_io_executor executor,
                                                                    std::function<void()> too_slow) {
    const auto self = shared_from_this();
    if (inside_ < at_a_time) {
        ++inside_;
    } else {  // whoever leaves hands the place on
        const auto turn =
            std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
        waiting_.push_back(turn);
        (void)co_await turn->async_wait(as_tuple);
    }
    auto limit = std::make_unique<asio::steady_timer>(executor, longest);
    limit->async_wait([late = std::move(too_slow)](boost::system::error_code cancelled) {
        if (!cancelled) late();
    });
    co_return std::make_unique<place>(self, std::move(limit));
}

void large_frames::leave() {
    if (waiting_.empty()) {
        --inside_;
        return;
    }
    waiting_.front()->cancel();
    waiting_.pop_front();
}

}  // namespace sparkgate::driver
