#include "socket_address.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/un.h>

namespace sparkgate::driver {

result<socket_address> address_of(const std::filesystem::path& socket) {
    constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
    if (socket.native().size() <= longest) return socket_address{socket.native(), {}};
    const auto directory = socket.parent_path();
    unique_fd fd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return system_error(errc::unavailable, "cannot open " + directory.string(), errno);
    const auto through_it = "/proc/self/fd/" + std::to_string(fd.get()) + "/" + socket.filename().string();
    return socket_address{through_it, std::move(fd)};
}

}  // namespace sparkgate::driver
