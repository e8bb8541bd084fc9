// `sparkgate serve`: makes every part, joins them, runs until a signal, drains.
#pragma once

#include "sparkgate/app/command_line.hpp"
#include "sparkgate/config/load.hpp"

#include <functional>
#include <optional>
#include <string>

namespace sparkgate::app {

struct start_failure {
    exit_code code;
    std::string message;  // one line
};

// Reads the configuration again, as at the start.
using reload_function = std::function<boost::system::result<config::loaded, config::load_error>()>;

// Blocks until SIGTERM or SIGINT and the end of the drain. On SIGHUP the configuration is read again: the log
// level and TLS take effect (if TLS was on at the start), what else has changed is named as waiting for the
// next start. Children get `umask_of_children`. Nothing: it ran and stopped well.
std::optional<start_failure> serve_until_stopped(const config::loaded& configuration,
                                                 const std::string& port_file, mode_t umask_of_children,
                                                 reload_function reload);

}  // namespace sparkgate::app
