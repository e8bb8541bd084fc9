#include "tree.hpp"

#include <csignal>
#include <sys/syscall.h>
#include <unistd.h>

namespace sparkgate::shim {

namespace {

// Sends a signal to exactly this process: the pid may have a new owner since it was read, and then the start
// time behind the pidfd differs.
void send(const process& who, int signal) {
    const int fd = static_cast<int>(::syscall(SYS_pidfd_open, who.pid, 0));
    if (fd < 0) return;
    process now;
    if (read_process(who.pid, now) && now.start_time == who.start_time) {
        ::syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0);
        // A stopped process cannot answer to TERM.
        if (signal == SIGTERM) ::syscall(SYS_pidfd_send_signal, fd, SIGCONT, nullptr, 0);
    }
    ::close(fd);
}

}  // namespace

void process_tree::ask_all() {
    asked_.clear();
    find_descendants(asked_);
    for (const process& one : asked_)
        send(one, SIGTERM);
}

// Also who has begun another program since it was asked: between fork and exec a signal runs into the handler
// of the parent's program and is forgotten.
void process_tree::ask_newcomers() {
    found_.clear();
    find_children(found_);
    for (const process& one : found_) {
        if (one.parent != ::getpid() || asked_.contains(one)) continue;
        send(one, SIGTERM);
        asked_.add(one);
    }
}

void process_tree::kill_all() {
    found_.clear();
    find_descendants(found_);
    for (const process& one : found_)
        send(one, SIGKILL);
}

void process_tree::kill_children() {
    found_.clear();
    find_children(found_);
    for (const process& one : found_)
        send(one, SIGKILL);
}

}  // namespace sparkgate::shim
