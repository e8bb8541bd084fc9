#include "proc.hpp"

#include "text.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace sparkgate::shim {

process_list::~process_list() {
    std::free(items_);
}

void process_list::add(const process& one) {
    if (size_ == capacity_) {
        const std::size_t bigger = capacity_ == 0 ? 64 : capacity_ * 2;
        auto* memory = static_cast<process*>(std::realloc(items_, bigger * sizeof(process)));
        if (memory == nullptr) return;
        items_ = memory;
        capacity_ = bigger;
    }
    items_[size_++] = one;
}

bool process_list::contains(const process& one) const {
    return std::any_of(items_, items_ + size_, [&](const process& other) {
        return other.pid == one.pid && other.start_time == one.start_time && other.program == one.program;
    });
}

std::size_t read_small_file(const char* path, char* buffer, std::size_t capacity) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    std::size_t size = 0;
    for (ssize_t n; size < capacity && (n = ::read(fd, buffer + size, capacity - size)) > 0;)
        size += static_cast<std::size_t>(n);
    ::close(fd);
    if (size > 0 && buffer[size - 1] == '\n') --size;
    return size;
}

bool read_process(pid_t pid, process& out) {
    text path;
    path.add("/proc/").add_number(static_cast<unsigned long long>(pid)).add("/stat");
    char line[1024];
    line[read_small_file(path.c_str(), line, sizeof line - 1)] = 0;
    // The name, in parentheses, may itself hold blanks and parentheses: the fields start after the last one.
    const char* field = std::strrchr(line, ')');
    if (field == nullptr) return false;
    out.pid = pid;
    for (int number = 3; number <= 26; ++number) {  // numbered as in proc(5)
        field = std::strchr(field, ' ');
        if (field == nullptr) return false;
        ++field;
        if (number == 4) out.parent = static_cast<pid_t>(std::strtol(field, nullptr, 10));
        if (number == 22) out.start_time = std::strtoull(field, nullptr, 10);
    }
    out.program = std::strtoull(field, nullptr, 10);
    return true;
}

namespace {

void find_all_processes(process_list& out) {
    const int fd = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    alignas(dirent64) char buffer[4096];
    for (ssize_t n; (n = ::getdents64(fd, buffer, sizeof buffer)) > 0;) {
        for (ssize_t at = 0; at < n;) {
            const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
            at += entry->d_reclen;
            process one;
            const long pid = std::strtol(entry->d_name, nullptr, 10);
            if (pid > 0 && read_process(static_cast<pid_t>(pid), one)) out.add(one);
        }
    }
    ::close(fd);
}

const process* find_pid(process_list& sorted, pid_t pid) {
    const auto* at = std::lower_bound(sorted.begin(), sorted.end(), pid,
                                      [](const process& one, pid_t wanted) { return one.pid < wanted; });
    return at != sorted.end() && at->pid == pid ? at : nullptr;
}

// Follows the parents upwards. The steps are bounded because the snapshot may be inconsistent.
bool descends_from(process_list& sorted, const process& one, pid_t ancestor) {
    pid_t parent = one.parent;
    for (int steps = 0; steps < 10'000; ++steps) {
        if (parent == ancestor) return true;
        const process* next = find_pid(sorted, parent);
        if (next == nullptr) return false;
        parent = next->parent;
    }
    return false;
}

}  // namespace

void find_descendants(process_list& out) {
    process_list all;
    find_all_processes(all);
    std::sort(all.begin(), all.end(), [](const process& a, const process& b) { return a.pid < b.pid; });
    for (const process& one : all)
        if (descends_from(all, one, ::getpid())) out.add(one);
}

void find_children(process_list& out) {
    char pids[4096];
    std::size_t size = read_small_file("/proc/thread-self/children", pids, sizeof pids);
    if (size == 0) return find_descendants(out);  // a kernel without CONFIG_PROC_CHILDREN
    // A pid that did not fit, or in half, is found the next time: the callers look until nobody is left.
    while (size > 0 && pids[size - 1] != ' ')
        --size;
    for (const char* at = pids; at < pids + size;) {
        char* end = nullptr;
        process one;
        if (read_process(static_cast<pid_t>(std::strtol(at, &end, 10)), one)) out.add(one);
        at = end + 1;
    }
}

}  // namespace sparkgate::shim
