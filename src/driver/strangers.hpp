// Connections that have not said hello. Code of sessions can make as many as it likes: a newcomer always gets
// in, and where there are too many, one of the process with the most has to go, the oldest. A true driver
// says hello at once. Thread: the event loop's only.
#pragma once

#include "connection.hpp"

#include <list>
#include <sys/types.h>

namespace sparkgate::driver {

class strangers {
public:
    static constexpr std::size_t most = 64;

    // `pid`: the process at its other end.
    void add(std::shared_ptr<connection> newcomer, pid_t pid);
    void remove(const connection& known);

private:
    void send_one_away();

    struct stranger {
        std::shared_ptr<connection> at;
        pid_t pid;
    };
    std::list<stranger> all_;  // the oldest first
};

}  // namespace sparkgate::driver
