#include "sparkgate/session/timeline.hpp"

#include <spdlog/fmt/fmt.h>

namespace sparkgate::session {

std::string timeline::reached(const std::string& phase, epoch_ms when) {
    last_ = phase;
    return fmt::format("sparkgate: start +{:.3f} s: {}", static_cast<double>(when - begin_) / 1000.0, phase);
}

}  // namespace sparkgate::session
