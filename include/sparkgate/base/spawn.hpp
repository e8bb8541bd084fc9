// Starts coroutines that nobody waits for. Every one is started here, so that no exception is lost: where
// one escapes it is a bug, which is logged with the coroutine's name. Any thread; the work runs on
// `executor`.
#pragma once

#include "sparkgate/base/async.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <string>

namespace sparkgate {

enum class if_it_fails {
    log,          // the others go on without it: it serves one connection, one program
    end_process,  // nothing would work as promised without it: the next process recovers what there is
};

// `what` completes the sentence "… failed": "the watch of session 3".
void spawn(const asio::any_io_executor& executor, std::string what, awaitable<void> work,
           if_it_fails then = if_it_fails::log);

}  // namespace sparkgate
