// `sparkgate serve`: makes every part, joins them, runs until a signal, drains.
#pragma once

#include "sparkgate/app/command_line.hpp"
#include "sparkgate/config/load.hpp"

#include <optional>
#include <string>

namespace sparkgate::app {

struct start_failure {
    exit_code code;
    std::string message;  // one line
};

// Blocks until SIGTERM or SIGINT and the end of the drain. Nothing: it ran and stopped well.
std::optional<start_failure> serve_until_stopped(const config::loaded& configuration,
                                                 const std::string& port_file);

}  // namespace sparkgate::app
