// Wall-clock time as the wire has it (milliseconds since the epoch), and time spans as Livy's users write
// them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sparkgate {

using epoch_ms = std::int64_t;

inline epoch_ms now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

// "500ms", "30s", "10m", "10min", "1h", "1d", "7us"; also in capitals; a bare number is milliseconds (Livy's
// LivyConf). Nothing for any other text, negative numbers and what does not fit.
std::optional<std::chrono::milliseconds> parse_time(std::string_view text);

// The same spelling in the largest unit that fits without a rest: "90s", "1h".
std::string time_text(std::chrono::milliseconds time);

}  // namespace sparkgate
