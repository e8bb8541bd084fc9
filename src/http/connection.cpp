// The only file that instantiates Beast's parser. It feeds the parser itself instead of using async_read:
// then a deadline can begin with the first byte, 408 can still be answered (tcp_stream closes the socket),
// and an exception of the parser comes out here, where it ends one connection, not out of io_context::run().
#include "http/connection.hpp"

#include "http/request_head.hpp"
#include "http/response_head.hpp"

#include "sparkgate/obs/log.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <array>

namespace sparkgate::http {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;

// Bounds what a client can make us keep beside a body: Beast 1.81 throws at a field of 64 KiB and buffers
// chunk extensions and trailers without limit.
constexpr std::size_t max_buffer = 60 * 1024;
constexpr std::size_t max_header = 48 * 1024;
constexpr std::size_t small_read = 2 * 1024;  // all that an idle connection keeps
constexpr std::size_t merge_below =
    8 * 1024;  // a body up to here is copied behind its head: one buffer, one send
constexpr auto linger_time = std::chrono::seconds(2);

std::chrono::milliseconds time_for(std::size_t bytes, const limits& limit) {
    return std::chrono::milliseconds(bytes * 1000 / std::max<std::size_t>(limit.body_bytes_per_second, 1));
}

std::string address_of(const asio::ip::tcp::socket& socket) {
    error_code ec;
    const auto end = socket.remote_endpoint(ec);
    return ec ? std::string() : end.address().to_string();
}

}  // namespace

awaitable<void> serve(asio::ip::tcp::socket socket, std::shared_ptr<server_state> state, bool busy) {
    connection one(std::move(socket), std::move(state));
    if (busy) {
        refusal why{503, "too many connections"};
        co_await one.refuse(std::move(why));
    } else {
        co_await one.serve_requests();
    }
    co_await one.finish();
}

connection::connection(asio::ip::tcp::socket socket, std::shared_ptr<server_state> state)
    : socket_(std::move(socket)),
      state_(std::move(state)),
      remote_address_(address_of(socket_)),
      buffer_(max_buffer),
      started_(clock::now()) {
    error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    state_->add(*this);
}

connection::~connection() {
    state_->remove(*this);
}

void connection::expire(clock::time_point now) {
    if (now < deadline_) return;
    deadline_ = clock::time_point::max();
    timed_out_ = true;
    error_code ignored;
    socket_.cancel(ignored);
}

void connection::close_if_idle() {
    error_code ignored;
    if (idle_ && socket_.available(ignored) == 0) socket_.cancel(ignored);
}

void connection::cut() {
    error_code ignored;
    socket_.close(ignored);
}

awaitable<void> connection::serve_requests() {
    while (keep_alive_) {
        request_ = request{};
        if (!co_await read_header()) break;
        if (auto no = begin_request()) {
            co_await refuse(std::move(*no));
            break;
        }
        if (!parser_->is_done() && !co_await read_body()) break;
        request_.body = std::move(parser_->get().body());
        parser_.reset();
        response made = co_await handle();
        co_await answer(std::move(made));
    }
}

awaitable<bool> connection::read_header() {
    const auto& limit = state_->options.limit;
    if (buffer_.size() == 0) {
        buffer_.shrink_to_fit();
        idle_ = true;
        const bool more = co_await read_more(clock::now() + limit.idle_timeout, small_read);
        idle_ = false;
        if (!more) co_return false;
    }
    started_ = clock::now();
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(std::min(limit.header_bytes, max_header)));
    parser_->body_limit(boost::none);  // begin_request sets it
    while (true) {
        error_code ec;
        buffer_.consume(parser_->put(buffer_.data(), ec));
        if (parser_->is_header_done()) co_return true;
        if (ec && ec != beast::http::error::need_more) {
            const auto unread = buffer_.data();
            refusal why = refusal_of(ec, {static_cast<const char*>(unread.data()), unread.size()});
            co_await refuse(std::move(why));
            co_return false;
        }
        const auto more = std::max(small_read, buffer_.size());
        if (!co_await read_more(started_ + limit.header_timeout, more)) co_return false;
    }
}

std::optional<refusal> connection::begin_request() {
    const auto& header = parser_->get();
    keep_alive_ = parser_->keep_alive();
    head_only_ = header.method() == beast::http::verb::head;
    old_version_ = header.version() < 11;
    if (auto no = check_header(header)) return no;
    if (auto no = read_head(header, request_)) return no;
    request_.remote_address = remote_address_;
    const auto id = client_request_id(request_);
    request_.id = id.empty() ? state_->next_request_id() : std::string(id);
    const auto limit = state_->options.limit.body_bytes;
    if (parser_->content_length().value_or(0) > limit) return refusal{413, "the request body is too large"};
    parser_->body_limit(limit);
    return std::nullopt;
}

awaitable<bool> connection::read_body() {
    const auto* expect = request_.header("expect");
    if (expect && !old_version_ && buffer_.size() == 0 && beast::iequals(*expect, "100-continue"))
        if (!co_await write("HTTP/1.1 100 Continue\r\n\r\n", {})) co_return false;
    const auto& limit = state_->options.limit;
    const auto begun = clock::now();
    while (!parser_->is_done()) {
        error_code ec;
        const auto used = buffer_.size() == 0 ? 0 : parser_->put(buffer_.data(), ec);
        buffer_.consume(used);
        if (ec && ec != beast::http::error::need_more) {
            refusal why = refusal_of(ec, {});
            co_await refuse(std::move(why));
            co_return false;
        }
        if (used > 0) continue;
        const auto allowed = limit.body_timeout + time_for(parser_->get().body().size(), limit);
        if (!co_await read_more(begun + allowed, max_buffer)) co_return false;
    }
    co_return true;
}

// Appends what the socket has, at most `most` bytes, to the buffer.
awaitable<bool> connection::read_more(clock::time_point deadline, std::size_t most) {
    const auto size = std::min(max_buffer - buffer_.size(), most);
    if (size == 0) {
        // A chunk extension or a trailer; a header meets its own limit before.
        refusal why{400, "a part of the request is too large"};
        co_await refuse(std::move(why));
        co_return false;
    }
    timed_out_ = false;
    deadline_ = deadline;
    const auto [ec, count] = co_await socket_.async_read_some(buffer_.prepare(size), as_tuple);
    deadline_ = clock::time_point::max();
    buffer_.commit(count);
    if (ec) co_return co_await read_failed(ec);
    co_return true;
}

awaitable<bool> connection::read_failed(error_code failure) {
    keep_alive_ = false;
    if (timed_out_ && !idle_) {
        refusal why{408, "the request came too slowly"};
        co_await refuse(std::move(why));
    } else if (failure != asio::error::operation_aborted && failure != asio::error::eof) {
        spdlog::debug("read from {}: {}", remote_address_, failure.message());
    }
    co_return false;
}

awaitable<response> connection::handle() {
    const auto& error_response = state_->options.error_response;
    auto found = state_->routes.find(request_);
    if (auto* wrong = std::get_if<router::wrong_method>(&found)) {
        auto out = error_response(405, "the method is not allowed here");
        out.headers.emplace_back("Allow", std::move(wrong->allow));
        co_return out;
    }
    auto* match = std::get_if<router::match>(&found);
    if (!match) co_return error_response(404, "no such route");
    try {
        co_return co_await match->found->handle(request_, match->values);
    } catch (const std::exception& bug) {
        spdlog::error("request {} {} {}: {}", request_.id, to_string(request_.verb),
                      obs::printable(request_.target), bug.what());
    }
    co_return error_response(500, "internal error, request " + request_.id);
}

awaitable<void> connection::refuse(refusal why) {
    keep_alive_ = false;
    linger_ = true;
    request_.remote_address = remote_address_;
    if (request_.id.empty()) request_.id = state_->next_request_id();
    spdlog::debug("request {} of {} refused: {} {}", request_.id, remote_address_, why.status, why.message);
    response made = state_->options.error_response(why.status, why.message);
    co_await answer(std::move(made));
}

awaitable<void> connection::answer(response what) {
    if (keep_alive_ && state_->draining()) {
        keep_alive_ = false;
        linger_ = true;
    }
    auto word = keep_alive_ ? connection_word::none : connection_word::close;
    if (keep_alive_ && old_version_) word = connection_word::keep_alive;
    head_.clear();
    append_head(head_, what, state_->common_headers, request_.id, word);
    std::string_view body = head_only_ || !may_have_body(what.status) ? std::string_view{} : what.body;
    const auto bytes = body.size();
    if (bytes <= merge_below) {
        head_.append(body);
        body = {};
    }
    if (!co_await write(head_, body)) keep_alive_ = false;
    if (!state_->options.on_answer) co_return;
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - started_);
    state_->options.on_answer(request_, what.status, bytes, took);
}

// Writes at once what the socket takes, which nearly always is all, and waits only for the rest.
awaitable<bool> connection::write(std::string_view head, std::string_view body) {
    const auto& limit = state_->options.limit;
    timed_out_ = false;
    error_code ec;
    while (!ec && head.size() + body.size() > 0) {
        const std::array<asio::const_buffer, 2> rest{asio::buffer(head), asio::buffer(body)};
        const auto sent = socket_.write_some(rest, ec);
        const auto of_head = std::min(sent, head.size());
        head.remove_prefix(of_head);
        body.remove_prefix(sent - of_head);
        if (ec != asio::error::would_block) continue;
        if (deadline_ == clock::time_point::max())
            deadline_ = clock::now() + limit.write_timeout + time_for(head.size() + body.size(), limit);
        std::tie(ec) = co_await socket_.async_wait(socket_.wait_write, as_tuple);
    }
    deadline_ = clock::time_point::max();
    if (ec) {
        spdlog::debug("write to {}: {}", remote_address_, timed_out_ ? "too slow" : ec.message());
        linger_ = false;
    }
    co_return !ec;
}

awaitable<void> connection::finish() {
    if (!linger_) co_return;
    error_code ec;
    socket_.shutdown(socket_.shutdown_send, ec);
    deadline_ = clock::now() + linger_time;
    while (!ec) {
        buffer_.clear();
        std::tie(ec, std::ignore) = co_await socket_.async_read_some(buffer_.prepare(small_read), as_tuple);
    }
}

}  // namespace sparkgate::http
