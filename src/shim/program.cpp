#include "program.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sparkgate::shim {

namespace {

enum class step : int { prepare, enter_directory, run };

struct failure {
    step where;
    int error_number;
};

void reset_signals() {
    // The kernel's struct, all zero, is SIG_DFL. By the system call, because the C library keeps two signals
    // for itself: its sigaction does not touch them, but its posix_spawn has left them ignored for us.
    const unsigned long standard[8] = {};
    for (int signal = 1; signal < NSIG; ++signal)
        ::syscall(SYS_rt_sigaction, signal, standard, nullptr, NSIG / 8);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// In the new process; returns only when it failed.
failure become_program(const program_spec& spec, pid_t shim) {
    const auto failed = [](step where) { return failure{where, errno}; };
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || ::dup2(null, 0) < 0) return failed(step::prepare);
    if (::dup2(spec.output, 1) < 0 || ::dup2(spec.output, 2) < 0) return failed(step::prepare);
    if (::setpgid(0, 0) != 0) return failed(step::prepare);
    // Should somebody kill the shim, the program must not stay behind without a guard.
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return failed(step::prepare);
    if (::getppid() != shim) ::_exit(1);
    if (::chdir(spec.working_directory) != 0) return failed(step::enter_directory);
    ::umask(spec.umask);
    reset_signals();
    ::execvp(spec.argv[0], spec.argv);
    return failed(step::run);
}

void describe(const failure& what, const program_spec& spec, text& problem) {
    switch (what.where) {
        case step::prepare:
            problem.add("cannot start a process");
            break;
        case step::enter_directory:
            problem.add("cannot enter ").add(spec.working_directory);
            break;
        case step::run:
            problem.add("cannot run ").add(spec.argv[0]);
            break;
    }
    // Not strerror: it would load a locale.
    const char* reason = ::strerrordesc_np(what.error_number);
    problem.add(": ").add(reason != nullptr ? reason : "unknown error");
}

}  // namespace

pid_t start_program(const program_spec& spec, text& problem) {
    const pid_t shim = ::getpid();
    int channel[2];  // closed by a successful exec
    pid_t pid = -1;
    if (::pipe2(channel, O_CLOEXEC) != 0 || (pid = ::fork()) < 0) {
        describe({step::prepare, errno}, spec, problem);
        return -1;
    }
    if (pid == 0) {
        const failure what = become_program(spec, shim);
        const ssize_t written = ::write(channel[1], &what, sizeof what);
        ::_exit(written == sizeof what ? 127 : 126);
    }
    ::close(channel[1]);
    failure what{};
    const ssize_t received = ::read(channel[0], &what, sizeof what);
    ::close(channel[0]);
    if (received != sizeof what) return pid;
    ::waitpid(pid, nullptr, 0);
    describe(what, spec, problem);
    return -1;
}

}  // namespace sparkgate::shim
