#include "sparkgate/session/timeline.hpp"

#include <spdlog/fmt/fmt.h>

namespace sparkgate::session {

std::string timeline::reached(const std::string& phase) {
    const std::chrono::duration<double> since = std::chrono::steady_clock::now() - begin_;
    last_ = phase;
    return fmt::format("sparkgate: start +{:.3f} s: {}", since.count(), phase);
}

}  // namespace sparkgate::session
