// The client's end of a connection: bytes in and out, each operation with a deadline. Knows no HTTP.
// Event-loop thread only; one operation at a time.
#pragma once

#include "sparkgate/base/async.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace sparkgate::http {

class peer {
public:
    using clock = std::chrono::steady_clock;

    peer(asio::ip::tcp::socket socket, std::size_t max_buffer);

    const std::string& address() const { return address_; }

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

    // Writes both; false when the client has gone or has not taken all within `patience`.
    awaitable<bool> write(std::string_view head, std::string_view body, std::chrono::milliseconds patience);

    // Tells the client that nothing more comes, and discards what it still sends for a moment. Closing with
    // unread input would make the kernel send a reset, which can destroy the answer on its way.
    awaitable<void> linger();

    // Ends the pending operation if its deadline has passed.
    void expire(clock::time_point now);

    // Ends the pending read if nothing has come that it could read.
    void cancel_unless_readable();

    void cut();

private:
    asio::ip::tcp::socket socket_;
    const std::string address_;
    boost::beast::flat_buffer buffer_;
    clock::time_point deadline_ = clock::time_point::max();
    bool timed_out_ = false;
};

}  // namespace sparkgate::http
