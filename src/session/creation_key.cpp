#include "sparkgate/session/creation_key.hpp"

#include <spdlog/fmt/fmt.h>

#include <cstdint>

namespace sparkgate::session {

std::string fingerprint(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const unsigned char byte : text)
        hash = (hash ^ byte) * 0x100000001b3;
    return fmt::format("{:016x}-{:x}", hash, text.size());
}

}  // namespace sparkgate::session
