// Runs a function at the end of a scope, also when an exception ends it. (Boost has such a class from 1.85 on.)
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
