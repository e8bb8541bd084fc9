#include "sparkgate/process/launcher.hpp"

#include "child.hpp"
#include "shim_files.hpp"

#include "sparkgate/base/crash_point.hpp"
#include "sparkgate/base/own_file.hpp"
#include "sparkgate/base/remove_tree.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace sparkgate::process {
namespace fs = std::filesystem;

namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> out;
    out.reserve(strings.size() + 1);
    for (const std::string& one : strings)
        out.push_back(const_cast<char*>(one.c_str()));
    out.push_back(nullptr);
    return out;
}

// Attributes and file actions of posix_spawn, freed together.
struct spawn_settings {
    spawn_settings() {
        posix_spawnattr_init(&attributes);
        posix_spawn_file_actions_init(&actions);
    }
    spawn_settings(const spawn_settings&) = delete;
    spawn_settings& operator=(const spawn_settings&) = delete;
    ~spawn_settings() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
};

// A session of its own, nothing of our descriptors, every signal standard and blocked: one that comes before
// the shim is ready for it waits instead of killing it. `lock` becomes descriptor 3.
result<pid_t> spawn(const fs::path& program, const std::vector<std::string>& argv,
                    const std::vector<std::string>& env, int lock) {
    spawn_settings settings;
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(&settings.attributes, &all);
    posix_spawnattr_setsigdefault(&settings.attributes, &all);
    posix_spawnattr_setflags(&settings.attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    for (int fd = 0; fd <= 2; ++fd)
        posix_spawn_file_actions_addopen(&settings.actions, fd, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&settings.actions, lock, 3);
    posix_spawn_file_actions_addclosefrom_np(&settings.actions, 4);

    pid_t pid = 0;
    const int failure = ::posix_spawn(&pid, program.c_str(), &settings.actions, &settings.attributes,
                                      pointers(argv).data(), pointers(env).data());
    if (failure != 0) return system_error(errc::unavailable, "cannot run " + program.string(), failure);
    return pid;
}

unique_fd open_pidfd(pid_t pid) {
    return unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

// Removes what an earlier child left there and makes the FIFO; its reading end.
result<unique_fd> prepare(const fs::path& dir) {
    for (const char* name : {identity_file, exit_file, exit_fifo})
        if (auto gone = remove_tree(dir / name); !gone) return gone.error();
    const auto path = dir / exit_fifo;
    if (::mkfifo(path.c_str(), 0600) != 0)
        return system_error(errc::unavailable, "cannot create " + path.string(), errno);
    return open_own_fifo(path);
}

// Only for a shim that was just started and cannot be watched: takes it back. Its program dies with it.
void undo(pid_t shim) {
    ::kill(shim, SIGKILL);  // our child and not reaped: the pid is still its own
    ::waitpid(shim, nullptr, 0);
}

class shim_launcher final : public launcher {
public:
    shim_launcher(asio::any_io_executor executor, fs::path shim, int lock, mode_t umask)
        : executor_(std::move(executor)), shim_(std::move(shim)), lock_(lock), umask_(umask) {}

    result<std::unique_ptr<child>> launch(const child_spec& spec) override {
        if (spec.argv.empty()) return fail(errc::invalid_argument, "no program is named");
        const fs::path dir = fs::absolute(spec.dir);
        auto fifo = prepare(dir);
        if (!fifo) return fifo.error();

        std::vector<std::string> argv{shim_.string(),
                                      "--dir",
                                      dir.string(),
                                      "--cwd",
                                      fs::absolute(spec.working_directory).string(),
                                      "--grace",
                                      std::to_string(spec.grace.count()),
                                      "--umask",
                                      std::to_string(umask_),
                                      "--log-limit",
                                      std::to_string(spec.log_limit),
                                      "--server-lock",
                                      spec.server_lock.string(),
                                      "--orphan-timeout",
                                      std::to_string(spec.orphan_timeout.count()),
                                      "--"};
        argv.insert(argv.end(), spec.argv.begin(), spec.argv.end());
        const auto pid = spawn(shim_, argv, spec.env, lock_);
        if (!pid) return pid.error();
        crash_point("launch.spawned");

        auto watched = watch(*pid, dir, std::move(*fifo));
        if (!watched) undo(*pid);
        return watched;
    }

    result<std::unique_ptr<child>> reattach(const fs::path& given) override {
        const fs::path dir = fs::absolute(given);
        auto who = read_shim_identity(dir);
        if (!who) who = find_shim(dir);
        if (!who) return fail(errc::not_found, "no shim was started in " + dir.string());
        unique_fd pidfd = open_pidfd(who->pid);
        // Compared after the pidfd is open: from here on it cannot come to mean another process.
        if (!pidfd || !is_running(*who) || guarded_by(who->pid) != dir)
            return fail(errc::not_found, "the shim of " + dir.string() + " does not run any more");
        auto fifo = open_own_fifo(dir / exit_fifo);
        return watch_shim(executor_, dir, std::move(*who), std::move(pidfd),
                          fifo ? std::move(*fifo) : unique_fd());
    }

private:
    // Its file is gone or says nothing. All shims of earlier gateways run before the first is looked for.
    result<identity> find_shim(const fs::path& dir) {
        if (!shims_) shims_ = running_shims();
        const auto found = shims_->find(dir);
        if (found == shims_->end()) return fail(errc::not_found, "nobody guards " + dir.string());
        return identify(found->second);
    }

    // Our own child, not reaped yet: the pid cannot have passed to another process.
    result<std::unique_ptr<child>> watch(pid_t pid, const fs::path& dir, unique_fd fifo) {
        unique_fd pidfd = open_pidfd(pid);
        if (!pidfd) return system_error(errc::unavailable, "cannot watch a new process", errno);
        auto who = identify_child(pid);
        if (!who) return fail(errc::unavailable, who.error().message);
        return watch_shim(executor_, dir, std::move(*who), std::move(pidfd), std::move(fifo));
    }

    asio::any_io_executor executor_;
    fs::path shim_;
    int lock_;
    mode_t umask_;
    std::optional<std::map<fs::path, pid_t>> shims_;
};

}  // namespace

bool was_started(const fs::path& dir) {
    return is_taken(dir / identity_file);
}

std::unique_ptr<launcher> make_launcher(asio::any_io_executor executor, fs::path shim, int lock,
                                        mode_t umask) {
    return std::make_unique<shim_launcher>(std::move(executor), fs::absolute(shim), lock, umask);
}

}  // namespace sparkgate::process
