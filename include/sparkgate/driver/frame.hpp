// Frames of the driver protocol (docs/driver-protocol.md). Pure.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/base/json.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// What a peer may send.
struct frame_limits {
    std::size_t header_bytes = max_header_bytes;
    std::size_t payload_bytes = max_payload_bytes;
    // Only frames with these ops have a payload; empty: all may.
    std::vector<std::string_view> with_payload = {};
};

// Cuts a byte stream into frames. Holds at most one frame, and nothing of one that its beginning shows to be
// refused; gives its memory back between large ones.
class decoder {
public:
    explicit decoder(frame_limits limits = {}) : limits_(std::move(limits)) {}

    // From the next frame on.
    void set_limits(frame_limits limits) { limits_ = std::move(limits); }

    void feed(std::string_view bytes) { buffer_.append(bytes); }

    // The next complete frame, or nothing yet. Errors: invalid_argument (too large, a payload where none is
    // due, not an object, no op); the stream cannot be used any more.
    result<std::optional<frame>> next();

    // Bytes of a frame that is not complete.
    std::size_t waiting() const { return buffer_.size() - used_; }

private:
    result<void> take_header(std::string_view text, std::size_t payload_bytes);
    void forget_used();

    frame_limits limits_;
    std::string buffer_;
    std::size_t used_ = 0;        // bytes of buffer_ already handed out
    std::optional<json> header_;  // of the frame whose payload is still to come
};

}  // namespace sparkgate::driver
