// The only file that instantiates Beast's parser. It feeds the parser itself instead of using async_read:
// then a deadline can begin with the first byte, 408 can still be answered (tcp_stream closes the socket),
// and an exception of the parser comes out here, where it ends one connection, not out of io_context::run().
#include "http/connection.hpp"

#include "http/content_coding.hpp"
#include "http/request_head.hpp"
#include "http/response_head.hpp"
#include "http/stream_writer.hpp"

#include "sparkgate/obs/log.hpp"

#include <boost/asio/post.hpp>
#include <boost/beast/core/string.hpp>

#include <algorithm>

namespace sparkgate::http {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;

// Bounds what a client can make us keep beside a body: Beast 1.81 throws at a field of 64 KiB and buffers
// chunk extensions and trailers without limit.
constexpr std::size_t max_buffer = 60 * 1024;
constexpr std::size_t max_header = 48 * 1024;
constexpr std::size_t small_read = 2 * 1024;   // all that an idle connection keeps
constexpr std::size_t merge_below = 8 * 1024;  // a body up to here is copied behind its head: one send
constexpr auto drain_patience = std::chrono::seconds(2);  // with the reader of a stream
constexpr std::size_t skipped_at_most = 1 << 20;  // of the body of a request that is refused for its header
constexpr std::size_t decoded_at_once = 1024;     // bytes that may become a thousand times as many
// Who is answered sooner has had no time to go: looking would cost more than it tells.
constexpr auto soon = std::chrono::milliseconds(1);
constexpr std::size_t compress_from = 1024, compress_up_to = 256 * 1024;

std::chrono::milliseconds time_for(std::size_t bytes, const limits& limit) {
    return std::chrono::milliseconds(bytes * 1000 / std::max<std::size_t>(limit.bytes_per_second, 1));
}

}  // namespace

awaitable<void> serve(asio::ip::tcp::socket socket, std::shared_ptr<server_state> state,
                      admission::place place) {
    connection one(std::move(socket), state);
    const bool opened = co_await one.open();
    if (opened && place.refused) {
        auto why = *place.refused;
        co_await one.refuse(std::move(why));
    } else if (opened) {
        co_await one.serve_requests();
    }
    co_await one.finish();
}

connection::connection(asio::ip::tcp::socket socket, std::shared_ptr<server_state> state)
    : state_(std::move(state)),
      peer_(std::move(socket), state_->tls, max_buffer),
      body_share_(state_->bodies),
      unread_share_(state_->unread),
      started_(clock::now()) {
    state_->add(*this);
}

connection::~connection() {
    state_->remove(*this);
}

void connection::expire(clock::time_point now) {
    peer_.expire(now);
}

void connection::make_haste() {
    if (idle_) peer_.cancel_unless_readable();
    if (streaming_) peer_.hurry(clock::now() + drain_patience);
}

void connection::cut() {
    unread_share_.hold(0);
    peer_.cut();
}

awaitable<void> connection::finish() {
    if (linger_) co_await peer_.linger();
}

awaitable<bool> connection::open() {
    idle_ = true;
    const bool opened = co_await peer_.open(clock::now() + state_->options.limit.header_timeout);
    idle_ = false;
    linger_ = !opened;  // the reason may be on its way
    co_return opened;
}

awaitable<void> connection::serve_requests() {
    while (keep_alive_) {
        request_ = request{};
        shown_to_.clear();
        body_share_.hold(0);
        head_only_ = false;
        if (!co_await read_header()) break;
        if (auto no = begin_request()) {
            co_await refuse(std::move(*no));
            break;
        }
        auto made = co_await respond();
        if (!made) break;
        parser_.reset();
        co_await answer(std::move(*made));
        // Who sends many requests at once waits for others after each of them.
        if (peer_.buffer().size() > 0) co_await asio::post(asio::use_awaitable);
    }
}

std::string_view connection::received() {
    const auto bytes = peer_.buffer().data();
    return {static_cast<const char*>(bytes.data()), bytes.size()};
}

// Waits for the first byte of a request. One empty line in front of it is ignored: old clients send it behind
// a body (RFC 9112, 2.2).
awaitable<bool> connection::await_request() {
    auto& buffer = peer_.buffer();
    const auto& limit = state_->options.limit;
    // Who has just shaken hands while the server stops is about to ask something.
    const auto deadline = clock::now() + (state_->draining() ? limit.header_timeout : limit.idle_timeout);
    bool line_ignored = false;
    while (true) {
        const auto begin = received().substr(0, 2);
        if (!line_ignored && begin == "\r\n") {
            buffer.consume(2);
            line_ignored = true;
        } else if (!begin.empty() && (line_ignored || begin != "\r")) {
            co_return true;
        } else {
            if (begin.empty()) buffer.shrink_to_fit();
            idle_ = true;
            const bool more = co_await read_more(deadline, small_read);
            idle_ = false;
            if (more) continue;
            linger_ = state_->draining();  // a request may be on its way
            co_return false;
        }
    }
}

awaitable<bool> connection::read_header() {
    const auto& limit = state_->options.limit;
    auto& buffer = peer_.buffer();
    if (!co_await await_request()) co_return false;
    started_ = clock::now();
    chunks_ = chunk_guard();
    parser_.emplace();
    parser_->on_chunk_header(chunks_);
    parser_->header_limit(static_cast<std::uint32_t>(std::min(limit.header_bytes, max_header)));
    parser_->body_limit(boost::none);  // read_body sets it
    std::size_t size = 0;
    while (true) {
        error_code ec;
        const auto raw = received();
        const auto used = parser_->put(buffer.data(), ec);  // whole lines: it has to know that none goes on
        if (has_fold(raw.substr(0, used))) ec = beast::http::error::bad_obs_fold;
        buffer.consume(used);
        size += used;
        // The parser's own limit holds roughly, and for what has no end.
        if (parser_->is_header_done() && size > limit.header_bytes) ec = beast::http::error::header_limit;
        if (parser_->is_header_done() && !ec) co_return true;
        if (ec && ec != beast::http::error::need_more) {
            head_only_ = parser_->get().method() == beast::http::verb::head;
            refusal why = refusal_of(ec, received());
            co_await refuse(std::move(why));
            co_return false;
        }
        const auto more = std::max(small_read, buffer.size());
        if (!co_await read_more(started_ + limit.header_timeout, more)) co_return false;
    }
}

std::optional<refusal> connection::begin_request() {
    const auto& header = parser_->get();
    keep_alive_ = parser_->keep_alive() && !asks_to_close(header);
    head_only_ = header.method() == beast::http::verb::head;
    old_version_ = header.version() < 11;
    introduce(header, request_);
    if (request_.id.empty()) request_.id = state_->next_request_id();
    const auto& limits = state_->options.limit;
    if (++requests_ >= limits.requests_per_connection) keep_alive_ = false;
    linger_ = !keep_alive_;
    header_fields_ = static_cast<std::size_t>(std::distance(header.begin(), header.end()));
    if (auto no = check_header(header, limits.header_fields)) return no;
    if (auto no = read_head(header, limits.target_bytes, request_)) return no;
    if (auto no = check_expectation(header)) return no;
    request_.remote_address = peer_.address();
    request_.certificate = peer_.certificate();
    if (peer_.lacks_tls()) {
        const auto* host = request_.header("host");
        return refusal{400, "this port speaks TLS: use https://" + (host ? *host : std::string())};
    }
    return std::nullopt;
}

bool connection::expects_continue() const {
    const auto* expect = request_.header("expect");
    return expect && !old_version_ && peer_.buffer().size() == 0 && beast::iequals(*expect, "100-continue");
}

awaitable<bool> connection::read_body(std::size_t limit, const piece_function& take) {
    if (parser_->is_done()) co_return true;
    if (parser_->content_length().value_or(0) > limit) {
        refusal why{413, "the request body is too large"};
        co_await refuse(std::move(why));
        co_return false;
    }
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    if (expects_continue() && co_await write(go_on, {}) < go_on.size()) {
        log({});
        co_return false;
    }
    parser_->body_limit(limit);
    auto& buffer = peer_.buffer();
    auto& piece = parser_->get().body();
    const auto deadline = clock::now() + state_->options.limit.body_timeout;
    std::size_t size = 0;
    while (!parser_->is_done()) {
        error_code ec;
        const auto used = buffer.size() == 0 ? 0 : parser_->put(buffer.data(), ec);
        buffer.consume(used);
        if (ec && ec != beast::http::error::need_more) {
            refusal why = refusal_of(ec, {});
            co_await refuse(std::move(why));
            co_return false;
        }
        size += used;
        if (!piece.empty()) {
            if (auto no = co_await take(piece)) {
                co_await answer_last(std::move(*no));
                co_return false;
            }
        }
        if (used > 0) continue;
        if (!co_await read_more(deadline + time_for(size, state_->options.limit), max_buffer))
            co_return false;
    }
    if (auto no = check_trailer(parser_->get(), header_fields_, state_->options.limit.header_fields)) {
        co_await refuse(std::move(*no));
        co_return false;
    }
    co_return true;
}

awaitable<std::optional<response>> connection::respond() {
    router::match match{};
    if (auto refused = find_route(match)) co_return co_await respond_without_body(std::move(*refused));
    if (match.found->receive) co_return co_await receive(match);
    if (!co_await collect_body(body_limit(*match.found))) co_return std::nullopt;
    co_return co_await handle(match);
}

// A small body is read to keep the connection; one that the client holds back, or a large one, is not.
awaitable<std::optional<response>> connection::respond_without_body(response refused) {
    if (expects_continue() || parser_->content_length().value_or(0) > skipped_at_most) {
        keep_alive_ = false;
        linger_ = true;
        co_return refused;
    }
    piece_function skip = [](std::string& piece) -> awaitable<std::optional<response>> {
        piece.clear();
        co_return std::nullopt;
    };
    if (!co_await read_body(skipped_at_most, skip)) co_return std::nullopt;
    co_return refused;
}

std::optional<response> connection::refuse_beyond_budget() const {
    if (!state_->bodies.exceeded()) return std::nullopt;
    return state_->options.error_response(request_, 503, "too much is being sent to the server");
}

awaitable<bool> connection::collect_body(std::size_t limit) {
    piece_function keep = [this](std::string& so_far) -> awaitable<std::optional<response>> {
        body_share_.hold(so_far.size());
        co_return refuse_beyond_budget();
    };
    if (!co_await read_body(limit, keep)) co_return false;
    request_.body = std::move(parser_->get().body());
    co_return true;
}

// False when the connection has to end; the client has been told, if it could be.
awaitable<bool> connection::read_more(clock::time_point deadline, std::size_t most) {
    const auto outcome = co_await peer_.read_some(deadline, most);
    if (outcome == peer::outcome::done) co_return true;
    keep_alive_ = false;
    refusal why{408, "the request came too slowly"};
    if (outcome == peer::outcome::full)
        why = refusal_of_rest(received());  // a header meets its own limit before
    if (idle_) co_return false;
    if (outcome == peer::outcome::ended)
        log({});
    else
        co_await refuse(std::move(why));
    co_return false;
}

std::size_t connection::body_limit(const route& of) const {
    return of.body_limit.value_or(state_->options.limit.body_bytes);
}

awaitable<std::optional<response>> connection::decode_body(std::size_t limit) {
    const auto* header = request_.header("content-encoding");
    const auto how = header ? parse_coding(*header) : coding::identity;
    if (how == coding::identity || request_.body.empty()) co_return std::nullopt;
    result<std::string> decoded = std::string();
    std::function<void()> decode = [&] { decoded = decompress(request_.body, how, limit); };
    const auto& elsewhere = state_->options.elsewhere;
    if (elsewhere && request_.body.size() > decoded_at_once)
        co_await elsewhere(std::move(decode));
    else
        decode();
    if (!decoded) {
        const unsigned status = decoded.error().code == errc::too_large ? 413 : 400;
        co_return state_->options.error_response(request_, status, decoded.error().message);
    }
    request_.body = std::move(*decoded);
    body_share_.hold(request_.body.size());
    co_return refuse_beyond_budget();
}

// Small bodies would grow, large ones would hold up everybody else.
bool connection::encode_body(response& what) const {
    if (what.body.size() < compress_from || what.body.size() > compress_up_to) return false;
    const auto* accepted = request_.header("accept-encoding");
    const auto how = accepted ? choose_coding(*accepted) : coding::identity;
    if (how == coding::identity) return false;
    what.body = compress(what.body, how);
    what.headers.emplace_back("Content-Encoding", to_string(how));
    return true;
}

// OPTIONS * (RFC 9110, 9.3.7).
response connection::about_everything() const {
    response out;
    out.content_type.clear();
    out.headers.emplace_back("Allow", state_->routes.methods());
    return out;
}

// Before anything else is: nothing may happen because of a page of another site, and it learns nothing.
std::optional<refusal> connection::check_caller() {
    // HTTP/1.0 has no Host, but browsers do not speak that; health checks of proxies do.
    const auto* host = request_.header("host");
    if (host && *host != known_host_) {
        if (auto no = state_->pages.check_host(*host, peer_.reached_at())) return no;
        known_host_ = *host;
    }
    auto page = state_->pages.check_page(request_, peer_.has_tls());
    shown_to_ = page.allowed_origin;
    return std::move(page.refused);
}

std::optional<response> connection::find_route(router::match& match) {
    if (auto no = check_caller()) return state_->options.error_response(request_, no->status, no->message);
    if (!shown_to_.empty())
        if (auto question = preflight(request_, state_->routes.methods())) return question;
    if (const auto& refuse = state_->options.refuse)
        if (auto refused = refuse(request_)) return refused;
    if (request_.target == "*") return about_everything();
    const auto& error_response = state_->options.error_response;
    auto found = state_->routes.find(request_);
    if (auto* wrong = std::get_if<router::wrong_method>(&found)) {
        auto out = error_response(request_, 405, "the method is not allowed here");
        out.headers.emplace_back("Allow", std::move(wrong->allow));
        return out;
    }
    if (std::holds_alternative<router::no_route>(found))
        return error_response(request_, 404, "no such route");
    match = std::get<router::match>(std::move(found));
    return std::nullopt;
}

awaitable<std::optional<response>> connection::handle(const router::match& match) {
    try {
        if (auto bad = co_await decode_body(body_limit(*match.found))) co_return bad;
        co_return co_await match.found->handle(request_, match.values);
    } catch (const std::exception& bug) {
        co_return internal_error(bug);
    }
}

awaitable<std::optional<response>> connection::receive(const router::match& match) {
    const auto* encoding = request_.header("content-encoding");
    if (encoding && parse_coding(*encoding) != coding::identity) {
        auto no =
            state_->options.error_response(request_, 415, "the body of this request must not be compressed");
        co_return co_await respond_without_body(std::move(no));
    }
    try {
        auto opened = co_await match.found->receive(request_, match.values);
        if (auto* refused = std::get_if<response>(&opened))
            co_return co_await respond_without_body(std::move(*refused));
        const auto receiver = std::get<std::unique_ptr<body_receiver>>(std::move(opened));
        piece_function pass = [&receiver](std::string& piece) -> awaitable<std::optional<response>> {
            auto refused = co_await receiver->take(piece);
            piece.clear();
            co_return refused;
        };
        if (!co_await read_body(body_limit(*match.found), pass)) co_return std::nullopt;
        co_return co_await receiver->finish();
    } catch (const std::exception& bug) {
        keep_alive_ = false;
        co_return internal_error(bug);
    }
}

response connection::internal_error(const std::exception& bug) const {
    spdlog::error("request {} {} {}: {}", request_.id, to_string(request_.verb),
                  obs::printable(request_.target), bug.what());
    return state_->options.error_response(request_, 500, "internal error, request " + request_.id);
}

awaitable<void> connection::answer_last(response what) {
    keep_alive_ = false;
    linger_ = true;
    co_await answer(std::move(what));
}

awaitable<void> connection::refuse(refusal why) {
    if (request_.id.empty()) request_.id = state_->next_request_id();
    spdlog::debug("request {} of {} refused: {} {}", request_.id, peer_.address(), why.status, why.message);
    response made = state_->options.error_response(request_, why.status, why.message);
    co_await answer_last(std::move(made));
}

awaitable<void> connection::answer(response what) {
    leave_when_draining();
    if (what.stream) what.body.clear();
    if (!shown_to_.empty()) show_to(shown_to_, what);
    const bool encoded = encode_body(what);
    const bool by_origin = !state_->options.pages.origins.empty();
    if (encoded || by_origin)
        what.headers.emplace_back("Vary", !by_origin ? "Accept-Encoding"
                                          : encoded  ? "Accept-Encoding, Origin"
                                                     : "Origin");
    auto end = body_end::by_length;
    if (what.stream) end = old_version_ ? body_end::by_close : body_end::by_last_chunk;
    if (end == body_end::by_close) keep_alive_ = false;
    auto word = keep_alive_ ? connection_word::none : connection_word::close;
    if (keep_alive_ && old_version_) word = connection_word::keep_alive;
    head_.clear();
    // Strict-Transport-Security among them must not be said without TLS (RFC 6797, 7.2).
    const std::string_view common = peer_.lacks_tls() ? std::string_view{} : state_->common_headers;
    append_head(head_, what, common, request_.id, word, end);
    std::string_view body = head_only_ || !may_have_body(what.status) ? std::string_view{} : what.body;
    const auto before = head_.size();
    if (body.size() <= merge_below) {
        head_.append(body);
        body = {};
    }
    outcome done;
    done.status = what.status;
    done.client_went = clock::now() - started_ > soon && peer_.has_ended();
    const auto all = head_.size() + body.size(), sent = co_await write(head_, body);
    done.bytes = sent - std::min(sent, before);
    if (sent == all && what.stream && !head_only_) done.bytes = co_await send_stream(what.stream);
    log(done);
}

void connection::log(outcome what) {
    if (!state_->options.on_answer) return;
    request_.remote_address = peer_.address();
    if (request_.id.empty()) request_.id = state_->next_request_id();
    what.took = std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - started_);
    state_->options.on_answer(request_, what);
}

awaitable<std::size_t> connection::send_stream(const body_producer& produce) {
    auto send = [this](std::string_view head, std::string_view body) { return write(head, body); };
    stream_writer out(std::move(send), !old_version_);
    streaming_ = true;
    bool whole = co_await run_stream(peer_, out, produce, request_.id);
    if (whole) whole = co_await out.finish();
    if (!whole) keep_alive_ = false;
    streaming_ = false;
    leave_when_draining();
    co_return out.bytes();
}

void connection::leave_when_draining() {
    if (!keep_alive_ || !state_->draining()) return;
    keep_alive_ = false;
    linger_ = true;
}

awaitable<std::size_t> connection::write(std::string_view head, std::string_view body) {
    const auto& limit = state_->options.limit;
    std::chrono::milliseconds patience = limit.write_timeout + time_for(head.size() + body.size(), limit);
    if (streaming_ && state_->draining())
        patience = std::min<std::chrono::milliseconds>(patience, drain_patience);
    unread_share_.hold(head.size() + body.size());
    unread_since_ = clock::now();
    state_->make_room(*this);
    const auto sent = co_await peer_.write(head, body, patience);
    unread_share_.hold(0);
    if (sent < head.size() + body.size()) linger_ = keep_alive_ = false;
    co_return sent;
}

}  // namespace sparkgate::http
