#include "child.hpp"

#include "sparkgate/base/spawn.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <csignal>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>

namespace sparkgate::process {

namespace {

// Shared by the child object, its waiters and the two watching coroutines. The watching ones hold it until
// the shim is gone or the event loop is destroyed; the descriptors are closed as soon as they have told their
// news.
struct watched {
    watched(const asio::any_io_executor& executor, std::filesystem::path directory, identity shim)
        : dir(std::move(directory)),
          who(std::move(shim)),
          pidfd(executor),
          fifo(executor),
          changed(executor) {
        changed.expires_at(asio::steady_timer::time_point::max());
    }

    void ended(exit_status how) {
        if (!status) status = std::move(how);
        changed.cancel();
    }

    const std::filesystem::path dir;
    const identity who;
    asio::posix::stream_descriptor pidfd;
    asio::posix::stream_descriptor fifo;
    std::optional<exit_status> status;
    bool gone = false;
    asio::steady_timer changed;  // never expires; cancelled to wake the waiters
};

using watched_ptr = std::shared_ptr<watched>;

void close(asio::posix::stream_descriptor& descriptor) {
    boost::system::error_code ignored;
    descriptor.close(ignored);
}

bool assign(asio::posix::stream_descriptor& descriptor, unique_fd fd) {
    boost::system::error_code ec;
    descriptor.assign(fd.get(), ec);
    if (!ec) fd.release();
    return !ec;
}

// Resolves when the descriptor is readable (at its end, too). The reactor may wake us for an event of an
// earlier descriptor of the same number, so the kernel is asked. Errors: closed meanwhile.
awaitable<boost::system::error_code> readable(asio::posix::stream_descriptor& descriptor) {
    for (;;) {
        const auto [ec] = co_await descriptor.async_wait(asio::posix::descriptor_base::wait_read, as_tuple);
        if (ec) co_return ec;
        pollfd now{descriptor.native_handle(), POLLIN, 0};
        if (::poll(&now, 1, 0) == 1) co_return ec;
    }
}

awaitable<void> watch_report(watched_ptr self) {
    if (co_await readable(self->fifo)) co_return;
    close(self->fifo);
    // Without a report the shim is dying: the other coroutine says the rest.
    if (auto status = read_exit(self->dir)) self->ended(std::move(*status));
}

// Reaps the shim if it is our child. Its exit code, if that is known.
std::optional<int> reap(int pidfd) {
    siginfo_t info{};
    if (::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG) != 0) return std::nullopt;
    if (info.si_pid == 0 || info.si_code != CLD_EXITED) return std::nullopt;
    return info.si_status;
}

awaitable<void> watch_end(watched_ptr self) {
    if (co_await readable(self->pidfd)) co_return;
    const auto code = reap(self->pidfd.native_handle());
    close(self->pidfd);
    close(self->fifo);
    auto status = read_exit(self->dir);
    if (!status) {
        status = exit_status{};
        status->problem = "the shim ended without a report";
        if (code == EX_IOERR)
            status->problem = "its directory cannot be written to (is the disk full?)";
        else if (code && *code != 0)
            status->problem += " (exit code " + std::to_string(*code) + ")";
    }
    self->gone = true;
    self->ended(std::move(*status));
}

// The waiters hold the state themselves: the child object may be destroyed meanwhile.
awaitable<exit_status> status_of(watched_ptr self) {
    while (!self->status)
        co_await self->changed.async_wait(as_tuple);
    co_return *self->status;
}

awaitable<void> gone(watched_ptr self) {
    while (!self->gone)
        co_await self->changed.async_wait(as_tuple);
}

class shim_child final : public child {
public:
    explicit shim_child(watched_ptr state) : state_(std::move(state)) {}

    const identity& shim() const override { return state_->who; }
    awaitable<exit_status> wait_exit() override { return status_of(state_); }
    awaitable<void> wait_gone() override { return gone(state_); }

    void terminate() override {
        if (!state_->pidfd.is_open()) return;
        ::syscall(SYS_pidfd_send_signal, state_->pidfd.native_handle(), SIGTERM, nullptr, 0);
    }

private:
    watched_ptr state_;
};

}  // namespace

result<std::unique_ptr<child>> watch_shim(asio::any_io_executor executor, std::filesystem::path dir,
                                          identity who, unique_fd pidfd, unique_fd fifo) {
    auto state = std::make_shared<watched>(executor, std::move(dir), std::move(who));
    if (!assign(state->pidfd, std::move(pidfd)) || (fifo && !assign(state->fifo, std::move(fifo))))
        return fail(errc::unavailable, "cannot watch a process: no more descriptors can be watched");
    spawn(executor, "the watch of a shim", watch_end(state));
    if (state->fifo.is_open()) spawn(executor, "the watch of an exit report", watch_report(state));
    // A report from before: the FIFO of a shim that has let go of it is silent.
    if (auto status = read_exit(state->dir)) state->ended(std::move(*status));
    return std::make_unique<shim_child>(std::move(state));
}

}  // namespace sparkgate::process
