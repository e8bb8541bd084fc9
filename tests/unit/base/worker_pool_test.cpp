// Two lanes of threads.
#include "sparkgate/base/worker_pool.hpp"

#include "sparkgate/base/spawn.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <thread>

namespace sparkgate {
namespace {

TEST(worker_pool, what_is_quick_does_not_wait_for_what_is_slow) {
    worker_pool workers;
    std::promise<void> go;
    const auto gone = go.get_future().share();
    for (int i = 0; i < 8; ++i)
        workers.post(lane::slow, "a wait", [gone] { gone.wait(); });
    std::promise<void> reached;
    workers.post(lane::quick, "a word", [&reached] { reached.set_value(); });
    EXPECT_EQ(reached.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
    go.set_value();
    workers.join();
}

TEST(worker_pool, the_caller_goes_on_where_it_was) {
    worker_pool workers;
    asio::io_context loop;
    std::optional<std::thread::id> worked, resumed;
    auto ask = [&]() -> awaitable<void> {
        auto work = [&worked] {
            worked = std::this_thread::get_id();
            return 42;
        };
        const int answer = co_await workers.run(lane::quick, work);
        EXPECT_EQ(answer, 42);
        resumed = std::this_thread::get_id();
    };
    spawn(loop.get_executor(), "the test", ask());
    loop.run();
    EXPECT_EQ(resumed, std::this_thread::get_id());
    EXPECT_TRUE(worked && worked != resumed);
}

TEST(worker_pool, an_exception_is_the_callers) {
    worker_pool workers;
    asio::io_context loop;
    bool seen = false;
    auto ask = [&]() -> awaitable<void> {
        auto work = []() -> int { throw std::runtime_error("a bug"); };
        try {
            (void)co_await workers.run(lane::slow, work);
        } catch (const std::runtime_error&) {
            seen = true;
        }
    };
    spawn(loop.get_executor(), "the test", ask());
    loop.run();
    EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace sparkgate
