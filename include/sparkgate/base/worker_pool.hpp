// Threads for what must not run on the event loop. Two lanes with threads of their own, so that what takes
// seconds (removing a directory of a gigabyte, indexing a log of one) does not hold up what takes
// milliseconds.
//
// run() and post() from any thread; a job runs once, on any thread of its lane. Jobs of one lane begin in the
// order of their coming, but may overlap: who needs an order waits for one job before it gives the next.
#pragma once

#include "sparkgate/base/run_on.hpp"
#include "sparkgate/base/spawn.hpp"

#include <boost/asio/thread_pool.hpp>

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

namespace sparkgate {

enum class lane { quick, slow };

class worker_pool {
public:
    explicit worker_pool(std::size_t threads_of_a_lane = 2)
        : quick_(threads_of_a_lane), slow_(threads_of_a_lane) {}

    // work() on the lane; what it throws comes out here. `work` lives until it has ended, whatever becomes of
    // the caller. (It is a named object: g++ 12 destroys a temporary one twice.)
    template <class Work>
    auto run(lane where, Work work) -> awaitable<std::invoke_result_t<Work&>> {
        return run_on(threads(where).get_executor(), std::move(work));
    }

    // Without waiting for it; `what` names it in the log, should an exception escape.
    template <class Work>
    void post(lane where, std::string what, Work work) {
        spawn(threads(where).get_executor(), std::move(what), on_lane(std::move(work)));
    }

    // Waits for all that was given, and takes nothing more; blocking.
    void join() {
        quick_.join();
        slow_.join();
    }

private:
    template <class Work>
    static auto on_lane(Work work) -> awaitable<std::invoke_result_t<Work&>> {
        co_return work();
    }

    asio::thread_pool& threads(lane where) { return where == lane::quick ? quick_ : slow_; }

    asio::thread_pool quick_, slow_;
};

}  // namespace sparkgate
