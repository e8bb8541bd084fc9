// How a session's start went, phase by phase, for its log. Wall-clock times, since the driver reports its
// own.
#pragma once

#include "sparkgate/base/time.hpp"

#include <string>

namespace sparkgate::session {

class timeline {
public:
    // One line for a phase reached at `when`: "sparkgate: start +1.234 s: driver connected".
    std::string reached(const std::string& phase, epoch_ms when = now_ms());
    const std::string& last_phase() const { return last_; }

private:
    epoch_ms begin_ = now_ms();
    std::string last_;
};

}  // namespace sparkgate::session
