// One connection of a driver: reads frames, writes queued ones in order. Thread: the event loop's only.
#pragma once

#include "large_frames.hpp"

#include "sparkgate/base/async.hpp"
#include "sparkgate/driver/frame.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <deque>
#include <memory>
#include <string>

namespace sparkgate::driver {

class connection : public std::enable_shared_from_this<connection> {
public:
    using local = asio::local::stream_protocol;

    // One that nobody knows yet: a greeting is all that it may send.
    connection(local::socket socket, std::shared_ptr<large_frames> turnstile);

    // The driver has proved itself: whatever the protocol allows may come.
    void trust();

    // The next frame; an error ends the connection. Others get their turns also while many frames are there.
    awaitable<result<frame>> read();

    // A driver that reads no more is cut off instead of filling our memory; it dials again when it reads.
    void send(std::string bytes);

    void close();

    local::socket& socket() { return socket_; }

private:
    static awaitable<void> write_queue(std::shared_ptr<connection> self);
    void stop_writing();

    local::socket socket_;
    std::shared_ptr<large_frames> turnstile_;
    std::unique_ptr<large_frames::place> large_;  // while a large frame comes
    decoder decoder_;
    int frames_at_once_ = 0;  // handed out since others had a turn
    std::deque<std::string> queue_;
    std::size_t queued_bytes_ = 0;
    bool writing_ = true;
};

}  // namespace sparkgate::driver
