// Accepts connections and hands them to serve(). Event-loop thread only.
#pragma once

#include "http/local_users.hpp"
#include "http/server_state.hpp"

#include "sparkgate/base/error.hpp"
#include "sparkgate/base/unique_fd.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <memory>

namespace sparkgate::http {

class listener {
public:
    explicit listener(std::shared_ptr<server_state> state, const asio::any_io_executor& executor);

    // Resolves the host (this may block; start-up only), binds and listens. Errors: unavailable.
    result<void> open();

    std::uint16_t port() const { return port_; }

    // Accepts until stop(). The coroutine keeps the listener alive.
    static awaitable<void> run(std::shared_ptr<listener> self);

    // Serves whom the kernel has accepted already, then closes.
    void stop();

private:
    void admit(asio::ip::tcp::socket socket);
    void accept_failed(boost::system::error_code failure);

    const std::shared_ptr<server_state> state_;
    asio::ip::tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    local_users users_;
    unique_fd
        spare_;  // given up when descriptors run out, to accept and close instead of leaving clients waiting
    std::uint16_t port_ = 0;
};

}  // namespace sparkgate::http
