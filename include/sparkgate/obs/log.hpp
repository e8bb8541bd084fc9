// Logging: spdlog to stderr, one line per event, "2026-01-31T10:00:00.123Z info  text". Call spdlog::info and
// the like.
#pragma once

#include <string>

namespace sparkgate::obs {

// Installs the default logger. `level`: debug, info, warn, error.
void set_up_logging(const std::string& level);

// Text from outside (headers, child output) for a log line: control characters escaped, at most 200 bytes.
std::string printable(std::string_view text);

}  // namespace sparkgate::obs
