// Wall-clock time as the wire has it: milliseconds since the epoch.
#pragma once

#include <chrono>
#include <cstdint>

namespace sparkgate {

using epoch_ms = std::int64_t;

inline epoch_ms now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace sparkgate
