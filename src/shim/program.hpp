// Starts the program: a fork and an exec, and what failed of it.
#pragma once

#include "text.hpp"

#include <sys/types.h>

namespace sparkgate::shim {

struct program_spec {
    const char* working_directory;
    char** argv;  // ends with a null pointer; argv[0] without a slash is looked up in PATH
    int output;   // becomes its stdout and stderr
    mode_t umask;
};

// The pid, or -1 with the reason in `problem`. The program has a process group of its own (a signal that it
// sends to its group must not reach the shim), no blocked or ignored signals and no descriptor beyond 0, 1,
// 2.
pid_t start_program(const program_spec& spec, text& problem);

}  // namespace sparkgate::shim
