// What to bind or connect a Unix socket to, whose path may be longer than such an address can be.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/base/unique_fd.hpp"

#include <filesystem>

namespace sparkgate::driver {

// `text` means the socket as long as this lives.
struct socket_address {
    std::string text;
    unique_fd directory;
};

// A path that is too long is reached through a descriptor of its directory. Errors: unavailable.
result<socket_address> address_of(const std::filesystem::path& socket);

}  // namespace sparkgate::driver
