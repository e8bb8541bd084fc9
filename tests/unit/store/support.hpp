// Helpers of the store's tests: an event loop to await on, records to store.
#pragma once

#include "support/temp_dir.hpp"

#include "sparkgate/store/store.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <exception>
#include <filesystem>
#include <optional>
#include <stdlib.h>
#include <string>

namespace sparkgate::store::test {

using sparkgate::test::temp_dir;

// An event loop that runs until what was started on it has ended. Outlives the store that resumes on it.
class event_loop {
public:
    asio::any_io_executor executor() { return context_.get_executor(); }

    template <class T>
    void start(awaitable<T> what, std::optional<T>& outcome) {
        asio::co_spawn(context_, std::move(what), [&outcome](const std::exception_ptr& failure, T value) {
            if (failure) std::rethrow_exception(failure);
            outcome.emplace(std::move(value));
        });
    }

    void run() {
        context_.restart();
        context_.run();
    }

    template <class T>
    T await(awaitable<T> what) {
        std::optional<T> outcome;
        start(std::move(what), outcome);
        run();
        return std::move(outcome).value();
    }

private:
    asio::io_context context_;
};

// "" for success, otherwise the error's text: readable in a failed expectation.
template <class T>
std::string failure(const result<T>& outcome) {
    return outcome ? "" : outcome.error().message;
}

inline session_record session(std::int64_t id, std::string state = "idle") {
    return {.id = id,
            .node = "here",
            .state = std::move(state),
            .request = R"({"kind":"spark"})",
            .details = "{}"};
}

inline statement_record statement_of(std::int64_t session_id, std::int64_t id,
                                     std::optional<std::string> output = std::nullopt) {
    return {.session = session_id,
            .id = id,
            .kind = "pyspark",
            .code = "1 + 1",
            .state = output ? "available" : "waiting",
            .started = 1'700'000'000'123,
            .completed = output ? 1'700'000'000'456 : 0,
            .progress = output ? 1.0 : 0.25,
            .output = std::move(output)};
}

template <class... Changes>
std::vector<change> changes(Changes... each) {
    std::vector<change> all;
    (all.emplace_back(std::move(each)), ...);
    return all;
}

}  // namespace sparkgate::store::test
