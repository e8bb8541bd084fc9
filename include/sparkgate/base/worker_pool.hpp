// Threads for what must not run on the event loop. Two lanes with threads of their own, so that what takes
// seconds (removing a directory of a gigabyte, indexing a log of one) does not hold up what takes
// milliseconds.
//
// run() and post() from any thread; a job runs once, on any thread of its lane. Jobs of one lane begin in the
// order of their coming, but may overlap: who needs an order waits for one job before it gives the next.
#pragma once

#include "sparkgate/base/async.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstddef>
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
        auto job = on_lane(std::move(work));
        co_return co_await asio::co_spawn(threads(where), std::move(job), asio::use_awaitable);
    }

    // Without waiting for it.
    template <class Work>
    void post(lane where, Work work) {
        asio::post(threads(where), std::move(work));
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
