// One TLS connection on a non-blocking socket. OpenSSL works on the socket itself instead of behind
// asio::ssl::stream, whose four buffers of 17 KiB would stay with every idle connection.
//
// No call waits: it sets `would_block`, and the same call has to be made again once the socket is ready for
// waits_for(). Event-loop thread only.
#pragma once

#include "http/openssl.hpp"

#include "sparkgate/base/async.hpp"
#include "sparkgate/http/message.hpp"
#include "sparkgate/http/tls.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <string_view>

namespace sparkgate::http {

class tls_stream {
public:
    using error_code = boost::system::error_code;

    // The socket outlives the stream. It may be closed at any time: calls then fail.
    tls_stream(const tls_context& context, asio::ip::tcp::socket& socket);
    tls_stream(const tls_stream&) = delete;
    tls_stream& operator=(const tls_stream&) = delete;

    void handshake(error_code& ec);

    // At least one byte, or an error; `eof` when the client has closed, with a close_notify or without.
    std::size_t read_some(asio::mutable_buffer into, error_code& ec);

    // A part of it, at most one record. What was refused with `would_block` has to be there again.
    std::size_t write_some(std::string_view bytes, error_code& ec);

    // Tells the client that nothing more comes (close_notify), if the connection is in a state for that and
    // the socket takes it at once.
    void close();

    asio::socket_base::wait_type waits_for() const;

    // Whether bytes have come that the socket no longer knows of.
    bool has_input() const;

    // After the handshake.
    client_certificate client() const;

    // Why the connection broke, for logs: "no shared cipher".
    const std::string& failure() const { return failure_; }

private:
    friend struct socket_bio;

    void settle(int outcome, error_code& ec);

    asio::ip::tcp::socket& socket_;
    error_code socket_error_;  // of the last call
    ssl_ptr ssl_;
    std::string failure_;
};

}  // namespace sparkgate::http
