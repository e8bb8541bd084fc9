// Reads logs by line numbers off the event loop's thread, and keeps the indices of those asked for lately: a
// page from the middle of a large file is then one read. Thread: made and destroyed where its pool is; run()
// from the event loop. The pool has one thread, which alone uses the indices, and is stopped before the
// reader is destroyed.
#pragma once

#include "sparkgate/base/async.hpp"
#include "sparkgate/process/log_index.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>

#include <list>

namespace sparkgate::process {

class log_reader {
public:
    static constexpr std::size_t kept = 64;

    // `log_limit`: log.max-size.
    explicit log_reader(asio::thread_pool& pool, std::uint64_t log_limit = 0)
        : pool_(pool), most_bytes_(most_bytes(log_limit)) {}

    // read(log_index&), on the pool. (`read` is a named object: g++ 12 destroys a temporary one twice.)
    template <class Read>
    auto run(std::filesystem::path path, Read read) -> awaitable<std::invoke_result_t<Read&, log_index&>> {
        auto work = on_pool(std::move(path), std::move(read));
        co_return co_await asio::co_spawn(pool_, std::move(work), asio::use_awaitable);
    }

private:
    template <class Read>
    auto on_pool(std::filesystem::path path, Read read)
        -> awaitable<std::invoke_result_t<Read&, log_index&>> {
        co_return read(index_of(path));
    }
    log_index& index_of(const std::filesystem::path& path);
    static std::int64_t most_bytes(std::uint64_t log_limit);

    struct known {
        std::filesystem::path path;
        log_index index;
    };
    asio::thread_pool& pool_;
    const std::int64_t most_bytes_;
    std::list<known> known_;  // the latest first; used on the pool only
};

}  // namespace sparkgate::process
