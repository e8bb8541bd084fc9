#include "http/stream_writer.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

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
    if (!chunked_) {
        co_await send(piece, {});
    } else {
        begin_chunk(frame_, piece.size());
        if (piece.size() > merge_below) {
            co_await send(frame_, piece);
            frame_ = "\r\n";
        } else {
            frame_.append(piece).append("\r\n");
        }
        co_await send(frame_, {});
    }
    if (open_) bytes_ += piece.size();
    co_return open_;
}

awaitable<bool> stream_writer::finish() {
    if (!chunked_) co_return open_;
    co_return co_await send("0\r\n\r\n", {});
}

awaitable<bool> stream_writer::send(std::string_view head, std::string_view body) {
    bool sent = open_;
    if (sent) sent = co_await send_(head, body);
    if (!sent) close();  // else it is as it is: the client may have gone meanwhile
    // A client that reads as fast as we write must not keep the event loop for itself.
    co_await asio::post(asio::use_awaitable);
    co_return open_;
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
