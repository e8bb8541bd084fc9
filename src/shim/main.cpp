// sparkgate-shim --dir DIR --cwd DIR --grace MS --umask MASK [--log-limit BYTES]
//     [--server-lock FILE --orphan-timeout MS] -- program arguments…
//
// Guards one program: starts it, reports how it ended, and leaves nothing of it behind. Outlives the gateway.
// Started by the gateway's launcher (process/launcher.hpp), in a session of its own and with only descriptors
// 0, 1, 2, and 3, which is the gateway's lock. One thread; asleep until a signal comes (with a log limit it
// looks at the log once a second, with an orphan timeout at the lock every five). TERM and INT end the
// program with all that it started.
#include "log_limit.hpp"
#include "orphan.hpp"
#include "program.hpp"
#include "report.hpp"
#include "tree.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sparkgate::shim {
namespace {

// Exit codes beyond 0, as in sysexits.h; the launcher shows them when there is no exit.json.
constexpr int bad_usage = 64, no_directory = 73, cannot_write = 74;

// The gateway's lock on its state directory: a later gateway waits until this shim has named itself.
constexpr int lock_descriptor = 3;

struct options {
    const char* directory = nullptr;
    const char* working_directory = nullptr;
    long grace_ms = -1, umask = 077;
    long long log_limit = 0, orphan_timeout_ms = 0;
    const char* server_lock = "";
    char** argv = nullptr;
};

bool parse(char** arguments, options& out) {
    char** at = arguments + 1;
    for (; at[0] != nullptr && at[1] != nullptr && std::strcmp(at[0], "--") != 0; at += 2) {
        if (std::strcmp(at[0], "--dir") == 0)
            out.directory = at[1];
        else if (std::strcmp(at[0], "--cwd") == 0)
            out.working_directory = at[1];
        else if (std::strcmp(at[0], "--grace") == 0)
            out.grace_ms = std::strtol(at[1], nullptr, 10);
        else if (std::strcmp(at[0], "--umask") == 0)
            out.umask = std::strtol(at[1], nullptr, 10);
        else if (std::strcmp(at[0], "--server-lock") == 0)
            out.server_lock = at[1];
        else if (std::strcmp(at[0], "--orphan-timeout") == 0)
            out.orphan_timeout_ms = std::strtoll(at[1], nullptr, 10);
        else if (std::strcmp(at[0], "--log-limit") == 0)
            out.log_limit = std::strtoll(at[1], nullptr, 10);
        else
            return false;
    }
    if (at[0] == nullptr || at[1] == nullptr) return false;
    out.argv = at + 1;
    return out.directory != nullptr && out.working_directory != nullptr && out.grace_ms >= 0;
}

long long monotonic_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<long long>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

// Sleeps until TERM, INT or CHLD comes, at most `timeout_ms` (negative: no limit). True when asked to end.
// All signals are blocked for the shim's whole life, so that none is lost between looking and sleeping, and
// none (HUP, USR1 …) ends it.
bool sleep_until_signal(int timeout_ms) {
    sigset_t awaited;
    sigemptyset(&awaited);
    for (const int signal : {SIGTERM, SIGINT, SIGCHLD})
        sigaddset(&awaited, signal);
    const timespec limit{timeout_ms / 1000, timeout_ms % 1000 * 1'000'000L};
    const int signal = ::sigtimedwait(&awaited, nullptr, timeout_ms < 0 ? nullptr : &limit);
    return signal == SIGTERM || signal == SIGINT;
}

class guard {
public:
    guard(report& told, long grace_ms, log_limit log, orphan_watch orphan)
        : told_(told), grace_ms_(grace_ms), log_(log), orphan_(orphan) {}

    void run(const program_spec& spec) {
        text problem;
        program_ = start_program(spec, problem);
        if (program_ < 0) {
            told_.log(problem.view());
            told_.write_problem(problem.view(), false);
            return;
        }
        told_.write_identity(program_);
        while (reap() && program_ > 0 && !ended_by_us_) {
            ended_by_us_ = sleep_until_signal(pause());
            log_.apply();
            if (!ended_by_us_ && program_ > 0 && orphan_.is_over(monotonic_ms())) {
                told_.log("no server has come back: the program ends");
                ended_by_us_ = true;
            }
        }
        end_tree();
    }

private:
    // Takes in every child that has ended and reports the program's end at once. False when no child is left.
    bool reap() {
        for (;;) {
            int status = 0;
            const pid_t pid = ::waitpid(-1, &status, WNOHANG | __WALL);
            if (pid <= 0) return pid == 0;
            if (pid != program_) continue;
            told_.write_exit(status, ended_by_us_);
            program_ = 0;
        }
    }

    void end_tree() {
        if (!reap()) return;
        tree_.ask_all();
        const long long deadline = monotonic_ms() + grace_ms_;
        while (reap() && monotonic_ms() < deadline) {
            sleep_until_signal(pause_ms);
            tree_.ask_newcomers();
        }
        for (int round = 0; reap(); ++round) {
            // Everybody at first, and again now and then: a child that the kernel cannot end yet hides its
            // own.
            if (round % 50 == 0)
                tree_.kill_all();
            else
                tree_.kill_children();
            sleep_until_signal(pause_ms);
        }
    }

    static constexpr int pause_ms = 30;        // between two looks at the tree while it is ended
    static constexpr int log_pause_ms = 1000;  // between two looks at the log's size

    int pause() const {
        if (!orphan_.needed()) return log_.needed() ? log_pause_ms : -1;
        return log_.needed() && log_pause_ms < orphan_.pause_ms() ? log_pause_ms : orphan_.pause_ms();
    }

    report& told_;
    long grace_ms_;
    log_limit log_;
    orphan_watch orphan_;
    process_tree tree_;
    pid_t program_ = 0;  // 0 when it has ended
    bool ended_by_us_ = false;
};

int run(char** arguments) {
    options given;
    if (!parse(arguments, given) || ::fcntl(lock_descriptor, F_GETFD) < 0) return bad_usage;
    ::umask(077);
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);

    report told;
    if (!told.open_directory(given.directory)) return no_directory;
    if (::chdir("/") != 0) return no_directory;  // keep no file system busy
    // The program is not started before a later gateway would find it.
    if (!told.reserve_exit() || !told.write_identity(0)) return cannot_write;
    ::close(lock_descriptor);
    if (!told.open_fifo()) return no_directory;
    const int log = told.open_log();
    if (log < 0) {
        text problem;
        problem.add("cannot open output.log: ").add(::strerrordesc_np(errno));
        told.write_problem(problem.view(), false);
        return 0;
    }
    const log_limit small_log(log, given.log_limit);
    const orphan_watch orphan(given.server_lock, given.orphan_timeout_ms);
    guard(told, given.grace_ms, small_log, orphan)
        .run({given.working_directory, given.argv, log, static_cast<mode_t>(given.umask)});
    return 0;
}

}  // namespace
}  // namespace sparkgate::shim

int main(int, char** arguments) {
    return sparkgate::shim::run(arguments);
}
