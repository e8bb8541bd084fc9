// One client connection: reads requests, has them handled, writes the answers, in order.
#pragma once

#include "http/collected_body.hpp"
#include "http/peer.hpp"
#include "http/server_state.hpp"
#include "http/wire_guard.hpp"

#include <boost/beast/http/parser.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sparkgate::http {

// Serves the connection until it ends, or tells it why its place is not among those that are served.
// Ends only when a running handler has ended, even if the client has gone. Never throws because of a client.
awaitable<void> serve(asio::ip::tcp::socket socket, std::shared_ptr<server_state> state,
                      admission::place place);

class connection {
public:
    connection(asio::ip::tcp::socket socket, std::shared_ptr<server_state> state);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    // False when there is nobody to serve.
    awaitable<bool> open();

    awaitable<void> serve_requests();
    awaitable<void> refuse(refusal why);

    // When it was we who ended the connection: tells the client that nothing more comes, and discards what it
    // still sends for a moment. Closing with unread input would make the kernel send a reset, which can
    // destroy the answer on its way.
    awaitable<void> finish();

    // For the server: a passed deadline ends the pending read or write.
    void expire(std::chrono::steady_clock::time_point now);
    // The server stops: nothing that has not begun is waited for, and no slow reader of a stream.
    void make_haste();
    void cut();

    // Bytes of an answer that the client has not taken yet, all of them or a part, and since when.
    std::size_t unread() const { return unread_share_.held(); }
    std::chrono::steady_clock::time_point unread_since() const { return unread_since_; }

private:
    using clock = std::chrono::steady_clock;
    using parser = boost::beast::http::request_parser<collected_body>;

    // Each false when the connection has to end; the client has been told, if it could be.
    awaitable<bool> await_request();
    awaitable<bool> read_header();
    // Hands every piece of the body to `take`, which may refuse the rest.
    using piece_function = std::function<awaitable<std::optional<response>>(std::string& piece)>;
    awaitable<bool> read_body(std::size_t limit, const piece_function& take);
    std::optional<refusal> begin_request();
    std::string_view received();  // what the parser has not taken yet
    awaitable<bool> read_more(clock::time_point deadline, std::size_t most);

    // Reads the body and makes the answer; nothing: the connection has to end, and the client has been told.
    awaitable<std::optional<response>> respond();
    awaitable<std::optional<response>> respond_without_body(response refused);
    awaitable<std::optional<response>> handle(const router::match& match);
    awaitable<std::optional<response>> receive(const router::match& match);
    awaitable<bool> collect_body(std::size_t limit);
    // Whether the request may come under this name and from this page; sets `shown_to_`.
    std::optional<refusal> check_caller();
    // The answer to a request whose route does not get it; else `match` is set.
    std::optional<response> find_route(router::match& match);
    // The answer to a body that does not decode, or has more bytes then than `limit`.
    awaitable<std::optional<response>> decode_body(std::size_t limit);
    std::size_t body_limit(const route& of) const;
    // The answer where all bodies together take more memory than they may.
    std::optional<response> refuse_beyond_budget() const;
    bool expects_continue() const;
    response internal_error(const std::exception& bug) const;
    // Whether it did.
    bool encode_body(response& what) const;

    response about_everything() const;
    awaitable<void> answer(response what);
    void log(outcome what);
    // The body of an answer whose head has been sent; returns how much of it was sent.
    awaitable<std::size_t> send_stream(const body_producer& produce);
    void leave_when_draining();
    awaitable<void> answer_last(response what);  // and close
    // How much of them was sent; when that is not all the connection has to end.
    awaitable<std::size_t> write(std::string_view head, std::string_view body);

    const std::shared_ptr<server_state> state_;
    peer peer_;
    std::optional<parser> parser_;
    chunk_guard chunks_;  // of the body that is read
    request request_;
    budget::share body_share_, unread_share_;
    clock::time_point unread_since_;
    std::string head_;           // of the answer; kept for its memory
    std::string known_host_;     // the Host that was looked at last, and found good
    std::string shown_to_;       // the origin of a page of another site that may read the answer
    clock::time_point started_;  // when the first byte of the request was there
    std::size_t requests_ = 0, header_fields_ = 0;
    bool idle_ = false;         // waiting for the first byte of a request
    bool streaming_ = false;    // sending a body piece by piece
    bool head_only_ = false;    // HEAD on the wire
    bool old_version_ = false;  // HTTP/1.0
    bool keep_alive_ = true;
    bool linger_ = false;  // see finish
};

}  // namespace sparkgate::http
