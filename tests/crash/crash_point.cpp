// The crash and failure points of sparkgate-crashtest: the variable says NAME:N, the N-th pass (from 1) of
// NAME.
#include "sparkgate/base/crash_point.hpp"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>

namespace sparkgate {
namespace {

class target {
public:
    explicit target(const char* variable) {
        const char* text = std::getenv(variable);
        const std::string whole = text ? text : "";
        const auto colon = whole.find(':');
        if (colon == std::string::npos) return;
        name_ = whole.substr(0, colon);
        pass_ = std::atoi(whole.c_str() + colon + 1);
    }

    // Counts the passes of its name.
    bool is_hit(const char* name) { return name_ == name && ++passes_ == pass_; }

private:
    std::string name_;
    int pass_ = 0;
    std::atomic<int> passes_{0};
};

}  // namespace

void crash_point(const char* name) {
    static target wanted("SPARKGATE_CRASH_POINT");
    if (!wanted.is_hit(name)) return;
    ::kill(::getpid(), SIGKILL);
    for (;;)  // another thread may take the signal: this one must not go on
        ::pause();
}

bool failure_point(const char* name) {
    static target wanted("SPARKGATE_FAILURE_POINT");
    const bool hit = wanted.is_hit(name);
    if (hit) std::fputs("failure point\n", stderr);  // tests want to know whether it was passed so often
    return hit;
}

}  // namespace sparkgate
