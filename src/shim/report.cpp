#include "report.hpp"

#include "proc.hpp"

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sparkgate::shim {

namespace {

constexpr const char* exit_temporary = "exit.tmp";
constexpr off_t exit_size = 4096;

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t n = ::write(fd, content.data(), content.size());
        if (n < 0) return false;
        content.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

unsigned long long epoch_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<unsigned long long>(now.tv_sec) * 1000 +
           static_cast<unsigned long long>(now.tv_nsec) / 1'000'000;
}

bool is_plain(int fd) {
    struct stat found {};
    return ::fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

void add_process(text& object, pid_t pid) {
    process one;
    read_process(pid, one);
    object.add("\"pid\":").add_number(static_cast<unsigned long long>(pid));
    object.add(",\"start_time\":").add_number(one.start_time);
}

}  // namespace

bool report::open_directory(const char* path) {
    directory_ = ::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return directory_ >= 0;
}

bool report::open_fifo() {
    // Read and write: opening for write alone fails while nobody reads.
    fifo_ = ::openat(directory_, "exit.fifo", O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    return fifo_ >= 0;
}

int report::open_log() {
    log_ = open_plain("output.log", O_APPEND);
    if (log_ >= 0) ::fcntl(log_, F_SETFL, O_APPEND);  // the program inherits it, and may wait
    return log_;
}

bool report::reserve_exit() {
    const int fd = open_to_replace(exit_temporary);
    if (fd < 0) return false;
    errno = ::posix_fallocate(fd, 0, exit_size);
    const bool done = errno == 0 || errno == EOPNOTSUPP || errno == EINVAL;  // a file system without it
    ::close(fd);
    return done;
}

bool report::write_identity(pid_t program) {
    char boot_id[64];
    const std::size_t size = read_small_file("/proc/sys/kernel/random/boot_id", boot_id, sizeof boot_id);
    text object;
    object.add("{");
    add_process(object, ::getpid());
    object.add(",\"boot_id\":").add_json({boot_id, size});
    if (program > 0) {
        object.add(",\"child\":{");
        add_process(object, program);
        object.add("}");
    }
    object.add("}\n");
    return replace("shim.json", "shim.tmp", object.view());
}

void report::write_exit(int wait_status, bool ended_by_us) {
    text object;
    if (WIFSIGNALED(wait_status))
        object.add("{\"signal\":").add_number(static_cast<unsigned long long>(WTERMSIG(wait_status)));
    else
        object.add("{\"code\":").add_number(static_cast<unsigned long long>(WEXITSTATUS(wait_status)));
    write_exit_file(object, ended_by_us);
}

void report::write_problem(std::string_view problem, bool ended_by_us) {
    text object;
    object.add("{\"problem\":").add_json(problem);
    write_exit_file(object, ended_by_us);
}

void report::write_exit_file(text& object, bool ended_by_us) {
    object.add(ended_by_us ? ",\"ended_by_us\":true" : ",\"ended_by_us\":false");
    object.add(",\"t\":").add_number(epoch_ms()).add("}\n");
    const bool written = replace("exit.json", exit_temporary, object.view());
    ::close(fifo_);  // tells the gateway; only then the wait for the disk
    fifo_ = -1;
    if (!written) return;
    const int fd = ::openat(directory_, "exit.json", O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return;
    ::fsync(fd);
    ::close(fd);
    ::fsync(directory_);
}

void report::log(std::string_view remark) {
    text line;
    line.add("sparkgate: ").add(remark).add("\n");
    write_all(log_, line.view());  // nobody to tell if it fails; exit.json says the same
}

// The program has our user and may have put anything in the place of a file of ours: no open waits for it, or
// follows it.
int report::open_plain(const char* name, int flags) {
    constexpr int never_wait = O_NONBLOCK | O_NOCTTY | O_NOFOLLOW;
    const int fd = ::openat(directory_, name, O_WRONLY | O_CREAT | O_CLOEXEC | never_wait | flags, 0600);
    if (fd < 0 || is_plain(fd)) return fd;
    ::close(fd);
    errno = EEXIST;
    return -1;
}

// What is no plain file goes.
int report::open_to_replace(const char* name) {
    const int fd = open_plain(name, 0);
    if (fd >= 0) return fd;
    if (::unlinkat(directory_, name, 0) != 0) ::unlinkat(directory_, name, AT_REMOVEDIR);
    return open_plain(name, O_EXCL);
}

// Written over what is there and then cut: what was set aside is used.
bool report::replace(const char* name, const char* temporary, std::string_view content) {
    const int fd = open_to_replace(temporary);
    if (fd < 0) return false;
    const bool written = write_all(fd, content) && ::ftruncate(fd, static_cast<off_t>(content.size())) == 0;
    ::close(fd);
    if (!written) return false;
    if (::renameat(directory_, temporary, directory_, name) == 0) return true;
    ::unlinkat(directory_, name, AT_REMOVEDIR);  // nothing else can be in the way
    return ::renameat(directory_, temporary, directory_, name) == 0;
}

}  // namespace sparkgate::shim
