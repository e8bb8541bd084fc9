// The files that a shim and the gateway share in a child's directory, and who a shim is.
#pragma once

#include "sparkgate/process/launcher.hpp"

#include <map>

namespace sparkgate::process {

inline constexpr const char* identity_file = "shim.json";  // who the shim is
inline constexpr const char* exit_file = "exit.json";      // how the program ended
// Made by the gateway before the start, held open by the shim until exit.json is there (or it is dead): the
// end of this pipe wakes every gateway that reads it, also one that was started later.
inline constexpr const char* exit_fifo = "exit.fifo";

// Reads <dir>/shim.json. Errors: not_found, invalid_argument.
result<identity> read_shim_identity(const std::filesystem::path& dir);

// The directory that a process guards as its shim; empty where it is no shim. What the file above says is a
// claim only: a session may have written it.
std::filesystem::path guarded_by(pid_t pid);

// All shims of this machine, by their directories.
std::map<std::filesystem::path, pid_t> running_shims();

// As identify(), also when the process has ended and is not reaped yet.
result<identity> identify_child(pid_t pid);

}  // namespace sparkgate::process
