// Sends a body piece by piece, and watches meanwhile whether the client is still there.
#pragma once

#include "http/peer.hpp"

#include "sparkgate/http/stream.hpp"

#include <functional>
#include <string>

namespace sparkgate::http {

// Frames the pieces: as chunks (RFC 9112, 7.1), or not at all where the end of the connection ends the body.
class stream_writer final : public body_writer {
public:
    // Sends one behind the other; returns how many bytes: less than there were when the connection has ended.
    using send_function = std::function<awaitable<std::size_t>(std::string_view, std::string_view)>;

    stream_writer(send_function send, bool chunked) : send_(std::move(send)), chunked_(chunked) {}

    awaitable<bool> write(std::string_view piece) override;
    bool open() const override { return open_; }

    void close() { open_ = false; }

    // Says that the body is complete; false when that could not be said.
    awaitable<bool> finish();

    std::size_t bytes() const { return bytes_; }  // of the body that were sent

private:
    awaitable<std::size_t> send(std::string_view head, std::string_view body);

    const send_function send_;
    const bool chunked_;
    bool open_ = true;
    std::size_t bytes_ = 0;
    std::string frame_;  // kept for its memory
};

// Has the body written until it is complete (true), or its producer has failed or the client has gone (false;
// the producer has ended then, too). `request_id` is for the log.
awaitable<bool> run_stream(peer& client, stream_writer& out, const body_producer& produce,
                           const std::string& request_id);

}  // namespace sparkgate::http
