// Where the drivers' socket lies.
#pragma once

#include "sparkgate/base/error.hpp"

#include <filesystem>

namespace sparkgate::driver {

// <dir>/driver.sock, or, where that is longer than a Unix socket's address allows, the same name in
// /tmp/sparkgate-<uid>-<hash of dir>, which is made private and checked to be ours.
result<std::filesystem::path> choose_socket_path(const std::filesystem::path& dir);

}  // namespace sparkgate::driver
