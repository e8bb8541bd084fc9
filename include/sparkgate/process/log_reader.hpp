// Reads logs by line numbers among the workers, and keeps the indices of those asked for lately: a page from
// the middle of a large file is then one read. One reading of a log at a time; a log that has grown much
// since, or was never looked at, is read in the slow lane. Thread: the event loop's only.
#pragma once

#include "sparkgate/base/worker_pool.hpp"
#include "sparkgate/process/log_index.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <list>
#include <memory>
#include <utility>
#include <vector>

namespace sparkgate::process {

class log_reader {
public:
    static constexpr std::size_t kept = 64;

    // `log_limit`: log.max-size.
    explicit log_reader(worker_pool& workers, std::uint64_t log_limit = 0)
        : workers_(workers), most_bytes_(most_bytes(log_limit)) {}

    // read(log_index&), among the workers. (`read` is a named object: g++ 12 destroys a temporary one twice.)
    template <class Read>
    auto run(std::filesystem::path path, Read read) -> awaitable<std::invoke_result_t<Read&, log_index&>> {
        const auto log = find(path);
        while (log->is_read) {
            const auto woken = std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor,
                                                                    asio::steady_timer::time_point::max());
            log->waiting.push_back(woken);
            (void)co_await woken->async_wait(as_tuple);
        }
        const reading mine(*log);
        auto work = [log, read = std::move(read)]() mutable { return read(log->index); };
        co_return co_await workers_.run(lane_for(*log), std::move(work));
    }

private:
    static std::int64_t most_bytes(std::uint64_t log_limit);

    struct known {
        known(const std::filesystem::path& where, std::int64_t most) : path(where), index(where, most) {}
        const std::filesystem::path path;
        log_index index;             // used by one job at a time
        std::int64_t looked_at = 0;  // bytes of the file, when it was read last
        bool is_read = false;        // just now
        std::vector<std::weak_ptr<asio::steady_timer>> waiting;
    };

    struct reading {
        explicit reading(known& of) : log(of) { log.is_read = true; }
        reading(const reading&) = delete;
        reading& operator=(const reading&) = delete;
        ~reading() {
            log.is_read = false;
            for (const auto& each : std::exchange(log.waiting, {}))
                if (const auto woken = each.lock()) woken->cancel();
        }
        known& log;
    };

    std::shared_ptr<known> find(const std::filesystem::path& path);
    static lane lane_for(known& log);

    worker_pool& workers_;
    const std::int64_t most_bytes_;
    std::list<std::shared_ptr<known>> known_;  // the latest first
};

}  // namespace sparkgate::process
