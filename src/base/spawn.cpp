#include "sparkgate/base/spawn.hpp"

#include <boost/asio/co_spawn.hpp>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <exception>

namespace sparkgate {
namespace {

std::string reason_of(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& bug) {
        return bug.what();
    } catch (...) {
        return "an exception of an unknown type";
    }
}

void report(const std::string& what, const std::exception_ptr& failure, if_it_fails then) {
    spdlog::error("{} failed: {}", what, reason_of(failure));
    if (then == if_it_fails::log) return;
    spdlog::critical("the server cannot go on without {}: it ends, and the next one recovers", what);
    spdlog::default_logger_raw()->flush();
    std::_Exit(EXIT_FAILURE);  // no destructor: what it would touch may be what has failed
}

}  // namespace

void spawn(const asio::any_io_executor& executor, std::string what, awaitable<void> work, if_it_fails then) {
    auto ended = [what = std::move(what), then](const std::exception_ptr& failure) {
        if (failure) report(what, failure, then);
    };
    asio::co_spawn(executor, std::move(work), std::move(ended));
}

}  // namespace sparkgate
