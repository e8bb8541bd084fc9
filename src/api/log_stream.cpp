#include "log_stream.hpp"

namespace sparkgate::api {
namespace {

// Between two looks at a log that did not grow.
constexpr auto look_pause = std::chrono::milliseconds(200);

// Where to begin, in bytes. (A page's line 0 is Livy's marker.)
awaitable<std::int64_t> first_byte(program_pointer of, std::optional<std::int64_t> from,
                                   std::optional<std::int64_t> size) {
    const bool from_line = from && *from >= 0;
    if (from_line ? *from <= 1 : size.value_or(-1) < 0) co_return 0;
    auto find = [from_line, line = from.value_or(0) - 1, last = size.value_or(0)](process::log_index& log) {
        return log.offset_of(from_line ? line : log.line_count() - last);
    };
    co_return co_await of->logs().run(of->log().path(), find);
}

awaitable<void> follow(const program_manager& all, program_pointer of, std::int64_t offset,
                       http::body_writer& to) {
    auto log = of->follow_log(offset);
    while (to.open()) {
        if (all.releases_waiters()) {
            const std::string line_end = log.within_line() ? "\n" : "";
            co_await to.write(line_end + "sparkgate: the server stops, what comes next is in the log\n");
            co_return;
        }
        of->heard_from(look_pause);
        const bool complete = of->gone();
        if (const auto news = log.read(); !news.empty()) {
            co_await to.write(news);
            continue;
        }
        if (complete) co_return;
        // Woken at the end in any case: a removal takes the log away soon after.
        co_await of->changed().wait_until(std::chrono::steady_clock::now() + look_pause);
    }
}

}  // namespace

awaitable<response> log_stream(const program_manager& all, program_pointer of,
                               std::optional<std::int64_t> from, std::optional<std::int64_t> size) {
    const auto offset = co_await first_byte(of, from, size);
    auto produce = [&all, of, offset](http::body_writer& to) { return follow(all, of, offset, to); };
    co_return stream_response("text/plain;charset=utf-8", std::move(produce));
}

}  // namespace sparkgate::api
