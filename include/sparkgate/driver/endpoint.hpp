// The Unix socket that drivers dial. It knows frames, tokens and acknowledgements; what frames mean is the
// session's business. Thread: the event loop's only.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/driver/frame.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace sparkgate::driver {

// What a session is told. Calls come from the event loop, never from inside a call of its link.
class listener {
public:
    virtual ~listener() = default;
    // The driver has dialled (again) and proved its token; `hello` is its greeting. Frames may be sent from
    // now on.
    virtual void on_connected(const frame& hello) = 0;
    // Any other frame, each reliable one exactly once and in order.
    virtual void on_frame(frame received) = 0;
    // The connection is gone; the driver will dial again if it lives.
    virtual void on_disconnected() = 0;
};

// A session's end of its driver's connection. Destroying it closes the connection and refuses the driver from
// then on; the listener is not called any more.
class link {
public:
    virtual ~link() = default;
    virtual bool connected() const = 0;
    // Queues a frame. Without a connection it is dropped: the session sends again what is owed in
    // on_connected.
    virtual void send(const json& header, std::string_view payload = {}) = 0;
    // Lets the driver forget the reliable frames up to `seq`.
    virtual void acknowledge(std::int64_t seq) = 0;
};

class endpoint {
public:
    virtual ~endpoint() = default;
    virtual const std::filesystem::path& socket_path() const = 0;
    // Expects the driver of `session`, which proves itself by `token`. The listener outlives the link.
    virtual std::unique_ptr<link> expect(std::int64_t session, std::string token, listener& owner) = 0;
};

// Listens on driver.sock in `dir` (private, exists), whatever the length of its path. Errors: unavailable.
result<std::unique_ptr<endpoint>> make_endpoint(boost::asio::any_io_executor executor,
                                                const std::filesystem::path& dir);

}  // namespace sparkgate::driver
