// Logging: spdlog to stderr, one line per event, "2026-01-31T10:00:00.123Z info  text". Call spdlog::info and
// the like.
#pragma once

#include <string>

namespace sparkgate::obs {

// Installs the default logger. `level`: debug, info, warn, error.
void set_up_logging(const std::string& level);

// Text of others (headers, child output, what a driver says, names of files) for a line of a log: it cannot
// end the line, move a terminal's cursor or turn the direction of what follows. Control characters, line and
// paragraph separators, directional controls and bytes that are no UTF-8 are escaped; at most `most` bytes.
std::string printable(std::string_view text, std::size_t most = 200);

}  // namespace sparkgate::obs
