#include "socket_path.hpp"

#include "sparkgate/base/files.hpp"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace sparkgate::driver {

result<std::filesystem::path> choose_socket_path(const std::filesystem::path& dir) {
    constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
    std::filesystem::path path = dir / "driver.sock";
    if (path.native().size() <= longest) return path;

    // The name is stable, so that drivers find a restarted gateway.
    const std::size_t hash = std::hash<std::string>()(dir.native());
    const std::filesystem::path other =
        "/tmp/sparkgate-" + std::to_string(::geteuid()) + "-" + std::to_string(hash);
    if (auto made = make_private_directory(other); !made) return made.error();
    struct stat status {};
    if (::lstat(other.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() ||
        (status.st_mode & 077) != 0)
        return fail(errc::unavailable, other.string() + " is not a private directory of this user");
    return other / "driver.sock";
}

}  // namespace sparkgate::driver
