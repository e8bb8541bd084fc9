#include "sparkgate/session/timeline.hpp"

#include <spdlog/fmt/fmt.h>

namespace sparkgate::session {

std::string timeline::reached(const std::string& phase, epoch_ms when) {
    last_ = phase;
    // As doubles: a driver's clock may say anything.
    const double after = static_cast<double>(when) - static_cast<double>(begin_);
    return fmt::format("sparkgate: start +{:.3f} s: {}", after / 1000.0, phase);
}

}  // namespace sparkgate::session
