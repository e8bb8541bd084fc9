// Tells which user of this host is at the other end of a connection. Event-loop thread only.
#pragma once

#include "sparkgate/base/unique_fd.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <optional>

namespace sparkgate::http {

class local_users {
public:
    using user_id = std::uint32_t;

    local_users();

    // Asks the kernel, which answers at once. Nothing: the client is on another host or in another network
    // namespace, or has closed already, or the kernel does not tell.
    std::optional<user_id> at(const boost::asio::ip::tcp::endpoint& client,
                              const boost::asio::ip::tcp::endpoint& here);

private:
    unique_fd kernel_;
    std::uint32_t asked_ = 0;  // questions, each with its number
};

}  // namespace sparkgate::http
