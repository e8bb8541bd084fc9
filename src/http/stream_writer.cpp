#include "http/stream_writer.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>

namespace sparkgate::http {
namespace {

constexpr std::size_t merge_below = 8 * 1024;  // a piece up to here is copied into its frame: one send

void begin_chunk(std::string& out, std::size_t size) {
    char digits[16];
    out.assign(digits, std::to_chars(digits, digits + sizeof digits, size, 16).ptr).append("\r\n");
}

// `ended`: the producer has said all that it had to say.
awaitable<void> run_producer(stream_writer& out, const body_producer& produce, const std::string& request_id,
                             bool& ended) {
    // When the client goes, waits end early and calls go on: no exception.
    co_await asio::this_coro::throw_if_cancelled(false);
    try {
        co_await produce(out);
        ended = true;
    } catch (const std::exception& bug) {
        if (out.open()) spdlog::error("request {}: its stream ended: {}", request_id, bug.what());
    }
}

awaitable<void> watch_client(peer& client, stream_writer& out, const bool& ended) {
    co_await client.watch();
    if (!ended) out.close();
}

}  // namespace

awaitable<bool> stream_writer::write(std::string_view piece) {
    if (!open_ || piece.empty()) co_return open_;
    frame_.clear();
    if (chunked_) begin_chunk(frame_, piece.size());
    const auto before = frame_.size();
    std::size_t sent = 0;
    if (chunked_ && piece.size() <= merge_below) {
        frame_.append(piece).append("\r\n");
        sent = co_await send(frame_, {});
    } else {
        sent = co_await send(frame_, piece);
        if (chunked_) co_await send("\r\n", {});
    }
    bytes_ += std::min(piece.size(), sent - std::min(sent, before));
    co_return open_;
}

awaitable<bool> stream_writer::finish() {
    if (chunked_) co_await send("0\r\n\r\n", {});
    co_return open_;
}

awaitable<std::size_t> stream_writer::send(std::string_view head, std::string_view body) {
    std::size_t sent = 0;
    if (open_) sent = co_await send_(head, body);
    if (sent < head.size() + body.size()) close();  // else it is as it is: the client may have gone meanwhile
    // A client that reads as fast as we write must not keep the event loop for itself.
    co_await asio::post(asio::use_awaitable);
    co_return sent;
}

awaitable<bool> run_stream(peer& client, stream_writer& out, const body_producer& produce,
                           const std::string& request_id) {
    using namespace asio::experimental::awaitable_operators;
    bool ended = false;
    auto producing = run_producer(out, produce, request_id, ended);
    auto watching = watch_client(client, out, ended);
    // Who ends first cancels the other; both have ended when this resolves.
    co_await (std::move(producing) || std::move(watching));
    co_return out.open() && ended;
}

}  // namespace sparkgate::http
