// The shim's directory: what it tells the gateway. Works on after the directory was removed (then it tells
// nobody).
#pragma once

#include "text.hpp"

#include <sys/types.h>

namespace sparkgate::shim {

class report {
public:
    // Opens the directory. False when it is not there.
    bool open_directory(const char* path);
    // Opens exit.fifo, which the gateway made. Whoever has its other end open sees it end when exit.json is
    // there or the shim is dead. False when it is not there.
    bool open_fifo();
    // Opens output.log for appending; -1 with errno.
    int open_log();

    // Sets the space of exit.json aside, so that a full disk does not keep it from being written later.
    // False with errno.
    bool reserve_exit();

    // shim.json, with the program once it runs (0: not yet). False with errno.
    bool write_identity(pid_t program);

    // exit.json, then the end of exit.fifo. One of the two is called, once.
    void write_exit(int wait_status, bool ended_by_us);
    void write_problem(std::string_view problem, bool ended_by_us);

    // One line in output.log.
    void log(std::string_view remark);

private:
    void write_exit_file(text& object, bool ended_by_us);
    int open_plain(const char* name, int flags);
    int open_to_replace(const char* name);
    bool replace(const char* name, const char* temporary, std::string_view content);

    int directory_ = -1;
    int fifo_ = -1;
    int log_ = -1;
};

}  // namespace sparkgate::shim
