// What the shim reads from /proc. Nothing here throws or keeps a descriptor.
#pragma once

#include <cstddef>
#include <sys/types.h>

namespace sparkgate::shim {

struct process {
    pid_t pid = 0;
    pid_t parent = 0;
    unsigned long long start_time = 0;  // clock ticks since boot: tells apart two users of one pid
    unsigned long long program = 0;     // where its code lies: changes with exec (0 if it may not be seen)
};

// A growing array of processes. When memory is short it stays as it is: the next look finds the rest.
class process_list {
public:
    process_list() = default;
    process_list(const process_list&) = delete;
    process_list& operator=(const process_list&) = delete;
    ~process_list();

    void add(const process& one);
    void clear() { size_ = 0; }
    bool contains(const process& one) const;  // same pid, start time and program
    process* begin() { return items_; }
    process* end() { return items_ + size_; }

private:
    process* items_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

// False when there is no such process.
bool read_process(pid_t pid, process& out);

// Reads a small file whole, without its last newline; the length, or 0 if it cannot be read.
std::size_t read_small_file(const char* path, char* buffer, std::size_t capacity);

// Every process whose chain of parents leads to this process, whatever its group and session are.
void find_descendants(process_list& out);

// Only the children of this process. Cheap: does not look at processes of others, if the kernel can tell.
void find_children(process_list& out);

}  // namespace sparkgate::shim
