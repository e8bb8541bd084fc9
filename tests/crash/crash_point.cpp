// The crash points of sparkgate-crashtest: SPARKGATE_CRASH_POINT=NAME:N dies at the N-th pass (from 1) of
// NAME.
#include "sparkgate/base/crash_point.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>
#include <unistd.h>

namespace sparkgate {
namespace {

struct target {
    std::string name;
    int pass = 0;
};

target read_target() {
    const char* text = std::getenv("SPARKGATE_CRASH_POINT");
    const std::string whole = text ? text : "";
    const auto colon = whole.find(':');
    if (colon == std::string::npos) return {};
    return {whole.substr(0, colon), std::atoi(whole.c_str() + colon + 1)};
}

}  // namespace

void crash_point(const char* name) {
    static const target wanted = read_target();
    static std::atomic<int> passes{0};
    if (wanted.name != name || ++passes != wanted.pass) return;
    ::kill(::getpid(), SIGKILL);
    for (;;)  // another thread may take the signal: this one must not go on
        ::pause();
}

}  // namespace sparkgate
