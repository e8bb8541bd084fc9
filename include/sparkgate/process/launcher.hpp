// Starts and ends child programs, each under its own sparkgate-shim.
//
// The shim is the gateway's child: it detaches (setsid), becomes subreaper, opens <dir>/output.log with
// O_APPEND, starts the program with stdin from /dev/null and output into that file, and writes
// <dir>/exit.json atomically when the program has ended. On SIGTERM it ends the whole tree (TERM, grace,
// KILL, until no descendant is left). It outlives the gateway. When the shim is gone, nothing of its tree is
// left.
//
// Thread: the event loop's thread only. No call blocks.
#pragma once

#include "sparkgate/base/async.hpp"
#include "sparkgate/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace sparkgate::process {

// Names one process for ever: a pid alone is reused. A signal is sent only after these were compared.
struct identity {
    pid_t pid = 0;
    std::uint64_t start_time = 0;  // field 22 of /proc/<pid>/stat, clock ticks since boot
    std::string boot_id;           // /proc/sys/kernel/random/boot_id
    friend bool operator==(const identity&, const identity&) = default;
};

// The identity of a running process. Errors: not_found.
result<identity> identify(pid_t pid);

// Whether exactly this process still runs (a zombie does not count).
bool is_running(const identity& who);

struct child_spec {
    std::filesystem::path dir;                // exists, private; receives output.log, exit.json, shim.json
    std::filesystem::path working_directory;  // of the program
    std::vector<std::string> argv;            // argv[0] is looked up in PATH if it has no slash
    std::vector<std::string> env;             // complete: KEY=value
    std::chrono::milliseconds grace{10'000};  // between TERM and KILL
    // The program is ended when nobody has held a lock on this file (fcntl, of the open file description) for
    // that long; 0: never.
    std::filesystem::path server_lock;
    std::chrono::milliseconds orphan_timeout{0};
    std::uint64_t log_limit = 0;  // bytes of output.log: beyond about so many its middle is removed; 0: never
};

// How the program ended.
struct exit_status {
    std::optional<int> code;    // set when it returned from main
    std::optional<int> signal;  // set when a signal killed it
    std::string problem;  // set when it could not be started ("cannot run /x/spark-submit: No such file…"),
                          // or when the shim itself vanished without a report
    bool ended_by_us = false;  // the shim was asked to end it
    // "exit code 1", "killed by signal 9 (KILL)", or the problem.
    std::string text() const;
};

// One child and its shim. Destroying it does not end the child (a session survives the gateway).
class child {
public:
    virtual ~child() = default;

    virtual const identity& shim() const = 0;

    // Resolves when the program has ended (exit.json is there) or the shim is gone without a report; at once
    // when that has happened before. Any number of callers at a time.
    virtual awaitable<exit_status> wait_exit() = 0;

    // Resolves when the shim is gone, i.e. no descendant is left.
    virtual awaitable<void> wait_gone() = 0;

    // Asks the shim to end the tree. Idempotent; harmless after the end.
    virtual void terminate() = 0;
};

class launcher {
public:
    virtual ~launcher() = default;

    // Starts the shim. Errors: unavailable (the shim cannot be executed, no more processes or descriptors).
    // A program that the shim cannot execute is not an error here: wait_exit() reports it.
    virtual result<std::unique_ptr<child>> launch(const child_spec& spec) = 0;

    // Finds a child that an earlier gateway process started in `dir`, by its shim.json and identity.
    // Errors: not_found when that shim does not run any more (read_exit tells how the program ended).
    virtual result<std::unique_ptr<child>> reattach(const std::filesystem::path& dir) = 0;
};

// `shim` is the path of the sparkgate-shim executable. `lock` is the descriptor whose lock keeps other
// gateways away (any descriptor where there are none): a shim holds it, too, until it has named itself in its
// directory, so that the gateway after this one finds every child. It stays the caller's. Programs get
// `umask`; the shim's own files are private.
std::unique_ptr<launcher> make_launcher(boost::asio::any_io_executor executor, std::filesystem::path shim,
                                        int lock, mode_t umask = 022);

// Reads <dir>/exit.json. Errors: not_found, invalid_argument.
result<exit_status> read_exit(const std::filesystem::path& dir);

// Whether a program may have been started in `dir`.
bool was_started(const std::filesystem::path& dir);

}  // namespace sparkgate::process
