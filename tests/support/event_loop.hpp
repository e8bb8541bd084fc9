// An event loop that a test turns by itself until a condition holds. Every wait has a ceiling; past it the
// test fails by an exception instead of hanging.
#pragma once

#include "sparkgate/base/async.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

namespace sparkgate::test {

class event_loop {
public:
    static constexpr std::chrono::seconds ceiling{30};  // of a machine that does ten other things

    asio::any_io_executor executor() { return context_.get_executor(); }

    void run_until(const std::function<bool()>& done, const std::string& what = "a condition") {
        const auto end = std::chrono::steady_clock::now() + ceiling;
        while (!done()) {
            if (std::chrono::steady_clock::now() >= end)
                throw std::runtime_error("waited in vain for " + what);
            context_.run_one_until(end);
        }
    }

    // Runs what is ready, until nothing is: shows that something does not happen. (Data written to a Unix
    // socket is readable at once, so everything inside this process has had its effect then.)
    void settle() {
        while (context_.poll() > 0) {
        }
    }

    // Starts the work; its outcome appears in the optional.
    template <class T>
    void start(awaitable<T> work, std::optional<T>& outcome) {
        asio::co_spawn(context_, std::move(work), [&outcome](std::exception_ptr failure, T value) {
            if (failure) std::rethrow_exception(failure);
            outcome.emplace(std::move(value));
        });
    }
    void start(awaitable<void> work, bool& done) {
        asio::co_spawn(context_, std::move(work), [&done](std::exception_ptr failure) {
            if (failure) std::rethrow_exception(failure);
            done = true;
        });
    }

    template <class T>
    T await(awaitable<T> work) {
        std::optional<T> outcome;
        start(std::move(work), outcome);
        run_until([&] { return outcome.has_value(); }, "an awaitable");
        return std::move(*outcome);
    }
    void await(awaitable<void> work) {
        bool done = false;
        start(std::move(work), done);
        run_until([&] { return done; }, "an awaitable");
    }

private:
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(context_);
};

}  // namespace sparkgate::test
