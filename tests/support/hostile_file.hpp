// What hostile code may put in the place of a file of ours.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

namespace sparkgate::test {

struct hostile_file {
    std::string what;
    // Makes it at `place`, where nothing is; what it points to is made in the empty directory `elsewhere`.
    std::function<bool(const std::filesystem::path& place, const std::filesystem::path& elsewhere)> make;
};

inline bool make_socket(const std::filesystem::path& place) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    place.native().copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const bool made = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return made;
}

// All that are no plain files. (Devices need root: elsewhere they are left out.)
inline std::vector<hostile_file> hostile_files() {
    namespace fs = std::filesystem;
    std::vector<hostile_file> out{
        {"a FIFO", [](const fs::path& at, const fs::path&) { return ::mkfifo(at.c_str(), 0600) == 0; }},
        {"a link to a file",
         [](const fs::path& at, const fs::path& elsewhere) {
             std::ofstream(elsewhere / "file") << "of somebody else\n";
             return ::symlink((elsewhere / "file").c_str(), at.c_str()) == 0;
         }},
        {"a link to a FIFO",
         [](const fs::path& at, const fs::path& elsewhere) {
             return ::mkfifo((elsewhere / "fifo").c_str(), 0600) == 0 &&
                    ::symlink((elsewhere / "fifo").c_str(), at.c_str()) == 0;
         }},
        {"a link to nothing",
         [](const fs::path& at, const fs::path& elsewhere) {
             return ::symlink((elsewhere / "none").c_str(), at.c_str()) == 0;
         }},
        {"a link to itself",
         [](const fs::path& at, const fs::path&) { return ::symlink(at.c_str(), at.c_str()) == 0; }},
        {"a link to a directory",
         [](const fs::path& at, const fs::path& elsewhere) {
             return ::mkdir((elsewhere / "directory").c_str(), 0700) == 0 &&
                    ::symlink((elsewhere / "directory").c_str(), at.c_str()) == 0;
         }},
        {"a link to a device",
         [](const fs::path& at, const fs::path&) { return ::symlink("/dev/zero", at.c_str()) == 0; }},
        {"a directory", [](const fs::path& at, const fs::path&) { return ::mkdir(at.c_str(), 0700) == 0; }},
        {"a full directory",
         [](const fs::path& at, const fs::path&) {
             return ::mkdir(at.c_str(), 0700) == 0 && ::mkdir((at / "in").c_str(), 0700) == 0 &&
                    ::mkfifo((at / "in" / "fifo").c_str(), 0600) == 0;
         }},
        {"a socket", [](const fs::path& at, const fs::path&) { return make_socket(at); }},
    };
    if (::geteuid() == 0)
        out.push_back({"a device", [](const fs::path& at, const fs::path&) {
                           return ::mknod(at.c_str(), S_IFCHR | 0600, makedev(1, 5)) == 0;
                       }});
    return out;
}

}  // namespace sparkgate::test
