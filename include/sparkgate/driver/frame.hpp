// Frames of the driver protocol (docs/driver-protocol.md). Pure.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/base/json.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sparkgate::driver {

inline constexpr std::size_t max_header_bytes = 1u << 20;
inline constexpr std::size_t max_payload_bytes = 64u << 20;

struct frame {
    json header;  // always an object with a string "op"
    std::string payload;

    std::string op() const;
    // A whole number or a text of the header; the fallback when it is absent or of another type.
    std::int64_t integer(const char* key, std::int64_t fallback = 0) const;
    std::string text(const char* key) const;
};

std::string encode(const json& header, std::string_view payload = {});

// Cuts a byte stream into frames. Holds at most one frame; gives its memory back between large ones.
class decoder {
public:
    void feed(std::string_view bytes) { buffer_.append(bytes); }

    // The next complete frame, or nothing yet. Errors: invalid_argument (too large, not an object, no op);
    // the stream cannot be used any more.
    result<std::optional<frame>> next();

private:
    std::string buffer_;
    std::size_t used_ = 0;  // bytes of buffer_ already handed out
};

}  // namespace sparkgate::driver
