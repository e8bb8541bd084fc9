// The program: parses the command line and runs one of its commands.
#pragma once

#include <sys/types.h>

namespace sparkgate::app {

// One per kind of start-up failure, so that a script can tell them apart (printed by --help, listed in
// README).
enum exit_code : int {
    success = 0,
    internal_failure = 1,
    bad_usage = 2,  // the command line itself
    bad_key = 3,    // a configuration key that does not exist (--set), or a line that is not "key = value"
    bad_value = 4,  // a value that the key does not take, or that contradicts another key's
    config_unreadable = 5,  // the file of --config, or one that the configuration points to
    cannot_listen = 6,      // port taken, address not ours, or remote access without authentication
    no_spark = 7,
    // state.dir cannot be written, is not private, is in use by another gateway, or cannot be recovered
    state_unusable = 8,
};

// Returns the exit code of the process. Start-up failures print one line on stderr. Spark and the programs
// that it runs get `umask_of_children`.
int run(int argc, char** argv, mode_t umask_of_children);

}  // namespace sparkgate::app
