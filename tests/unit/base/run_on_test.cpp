#include "sparkgate/base/run_on.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

namespace sparkgate {
namespace {

awaitable<int> ask(asio::thread_pool& pool, std::shared_future<int> answer) {
    co_await asio::this_coro::throw_if_cancelled(false);
    auto work = [answer] { return answer.get(); };
    co_return co_await run_on(pool.get_executor(), work);
}

TEST(run_on, a_caller_that_is_cancelled_waits_for_the_end) {
    asio::thread_pool pool(1);
    asio::io_context loop;
    std::promise<int> answer;
    std::promise<void> busy;
    asio::post(pool, [gone = busy.get_future().share()] { gone.wait(); });  // its turn has not come yet
    asio::cancellation_signal cancel;
    int outcome = 0;
    asio::co_spawn(
        loop, ask(pool, answer.get_future().share()),
        asio::bind_cancellation_slot(cancel.slot(), [&outcome](std::exception_ptr failure, int value) {
            if (failure) std::rethrow_exception(failure);
            outcome = value;
        }));
    loop.poll();
    cancel.emit(asio::cancellation_type::all);
    loop.poll();
    EXPECT_EQ(outcome, 0);
    answer.set_value(42);
    busy.set_value();
    loop.run();
    EXPECT_EQ(outcome, 42);
}

TEST(run_on, an_exception_is_the_callers) {
    asio::thread_pool pool(1);
    asio::io_context loop;
    auto bad = [](asio::thread_pool& where) -> awaitable<void> {
        auto work = [] { throw std::runtime_error("a bug"); };
        co_await run_on(where.get_executor(), work);
    };
    asio::co_spawn(loop, bad(pool), [](std::exception_ptr failure) {
        EXPECT_THROW(std::rethrow_exception(failure), std::runtime_error);
    });
    loop.run();
}

}  // namespace
}  // namespace sparkgate
