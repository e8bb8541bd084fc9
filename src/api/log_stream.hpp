// A log as it is written, for `curl -N …/log?follow=true`: plain text, without Livy's markers.
#pragma once

#include "programs.hpp"

namespace sparkgate::api {

// From line `from` on (counted as in the pages of the log), or the last `size` lines, or all; then what is
// written, until no process of the program is left, the client has gone, or the gateway stops (which the last
// line says).
awaitable<response> log_stream(const program_manager& all, program_pointer of,
                               std::optional<std::int64_t> from, std::optional<std::int64_t> size);

}  // namespace sparkgate::api
