// The client's end of a connection: bytes in and out, in the clear or through TLS, each operation with a
// deadline. Knows no HTTP.
// Event-loop thread only; one operation at a time, but for watch().
#pragma once

#include "http/tls_stream.hpp"

#include "sparkgate/base/async.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace sparkgate::http {

class peer {
public:
    using clock = std::chrono::steady_clock;

    // `tls` may be null.
    peer(asio::ip::tcp::socket socket, const tls_context& tls, std::size_t max_buffer);
    ~peer();
    peer(const peer&) = delete;
    peer& operator=(const peer&) = delete;

    const std::string& address() const { return address_; }
    // Ours, at which it has reached us. A system call.
    asio::ip::address reached_at() const;

    // Comes before the first read or write: the TLS handshake. False when there is nobody to talk to; what
    // can be said about it has been said.
    awaitable<bool> open(clock::time_point deadline);

    // After open: the client has not begun a handshake on a connection that should have had one, and is read
    // and answered in the clear.
    bool lacks_tls() const { return lacks_tls_; }
    bool has_tls() const { return tls_.has_value(); }

    // After open.
    const client_certificate& certificate() const { return certificate_; }

    // What has been read and not been consumed.
    boost::beast::flat_buffer& buffer() { return buffer_; }
    const boost::beast::flat_buffer& buffer() const { return buffer_; }

    enum class outcome {
        done,
        full,      // the buffer was at its maximum: nothing was read
        too_slow,  // nothing came before the deadline
        ended,     // by the client, by the network or by cut()
    };

    // Appends what there is, at most `most` bytes, to the buffer.
    awaitable<outcome> read_some(clock::time_point deadline, std::size_t most);

    // Writes one behind the other; returns how many bytes the socket has taken: less than there were when the
    // client has gone or has not read in time.
    awaitable<std::size_t> write(std::string_view head, std::string_view body,
                                 std::chrono::milliseconds patience);

    // Whether the client has ended its side. A system call.
    bool has_ended();

    // For as long as write() is used in turn: resolves when the client has gone, or has sent so much that the
    // buffer is full. What it sends stays in the buffer. Ended by cancellation.
    awaitable<void> watch();

    // Brings the deadline of a pending operation nearer.
    void hurry(clock::time_point deadline);

    // Tells the client that nothing more comes, and discards what it still sends for a moment. Closing with
    // unread input would make the kernel send a reset, which can destroy the answer on its way.
    awaitable<void> linger();

    // Ends the pending operation if its deadline has passed.
    void expire(clock::time_point now);

    // Ends the pending read, or the wait for a handshake, if nothing has come that it could read.
    void cancel_unless_readable();

    void cut();

private:
    using error_code = boost::system::error_code;

    awaitable<error_code> handshake();
    awaitable<std::tuple<error_code, std::size_t>> receive(asio::mutable_buffer into);
    std::size_t write_some(std::string_view head, std::string_view body, error_code& ec);
    awaitable<error_code> wait_for(asio::socket_base::wait_type what);
    bool has_input() const;
    void log_failure(std::string_view what, error_code why) const;

    asio::ip::tcp::socket socket_;
    std::optional<tls_stream> tls_;
    const std::string address_;
    boost::beast::flat_buffer buffer_;
    clock::time_point deadline_ = clock::time_point::max();
    client_certificate certificate_;
    bool timed_out_ = false;
    bool shaking_hands_ = false;
    bool ending_ = false;  // the pending read ends when it finds nothing
    bool lacks_tls_ = false;
};

}  // namespace sparkgate::http
