// How a session's start went, phase by phase, for its log. Pure but for the clock.
#pragma once

#include <chrono>
#include <string>

namespace sparkgate::session {

class timeline {
public:
    // One line for the phase just reached: "sparkgate: start +1.234 s: driver connected".
    std::string reached(const std::string& phase);
    const std::string& last_phase() const { return last_; }

private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    std::string last_;
};

}  // namespace sparkgate::session
