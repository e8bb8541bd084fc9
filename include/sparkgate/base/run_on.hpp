// Has a function run on another executor, and waits for it. Not by co_spawn: a coroutine that is cancelled
// before its turn has come throws where nobody catches, which ends the process (docs/common-errors.md, 31).
#pragma once

#include "sparkgate/base/async.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace sparkgate {
namespace detail {

template <class Work>
class job {
public:
    explicit job(Work work) : work_(std::move(work)) {}

    void run() noexcept {
        try {
            if constexpr (std::is_void_v<value>)
                work_();
            else
                value_.emplace(work_());
        } catch (...) {
            failure_ = std::current_exception();
        }
    }

    auto take() {
        if (failure_) std::rethrow_exception(failure_);
        if constexpr (!std::is_void_v<value>) return std::move(*value_);
    }

private:
    using value = std::invoke_result_t<Work&>;
    Work work_;
    std::optional<std::conditional_t<std::is_void_v<value>, char, value>> value_;
    std::exception_ptr failure_;
};

}  // namespace detail

// work() on `where`; what it throws comes out here, where the caller was before. Once begun it is waited for,
// also when the caller is cancelled. (`work` is a named object: g++ 12 destroys a temporary one twice.)
template <class Work>
auto run_on(asio::any_io_executor where, Work work) -> awaitable<std::invoke_result_t<Work&>> {
    const auto one = std::make_shared<detail::job<Work>>(std::move(work));
    auto start = [&](auto handler) {
        const auto back = asio::get_associated_executor(handler);
        auto run = [one, handler = std::move(handler), back = asio::make_work_guard(back)]() mutable {
            one->run();
            asio::post(back.get_executor(), std::move(handler));
        };
        asio::post(where, std::move(run));
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(start, asio::use_awaitable);
    co_return one->take();
}

}  // namespace sparkgate
