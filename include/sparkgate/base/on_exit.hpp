// Runs a function at the end of a scope, also when an exception ends it. (Boost has such a class from 1.85
// on.) Trap: a coroutine that waits when the event loop is destroyed is destroyed with it. The function must
// touch only what the coroutine itself keeps alive.
#pragma once

#include <utility>

namespace sparkgate {

template <class Function>
class on_exit {
public:
    // `last` does not throw.
    explicit on_exit(Function last) : last_(std::move(last)) {}
    on_exit(const on_exit&) = delete;
    on_exit& operator=(const on_exit&) = delete;
    ~on_exit() { last_(); }

private:
    Function last_;
};

}  // namespace sparkgate
