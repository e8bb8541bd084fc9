#include "boost/loop_turns.hpp"

#include <algorithm>
#include <sys/epoll.h>

namespace sparkgate {
namespace {

using clock = std::chrono::steady_clock;

constexpr auto window = std::chrono::minutes(1);

struct watched {
    turn_figures figures;
    clock::time_point began, window_began;
    std::chrono::nanoseconds longest_in_window{}, longest_in_last{};

    void end_turn(clock::time_point now) {
        const auto took = now - began;
        const auto bucket = std::lower_bound(figures.bounds.begin(), figures.bounds.end(), took);
        ++figures.counts[static_cast<std::size_t>(bucket - figures.bounds.begin())];
        figures.total += took;
        figures.longest = std::max<std::chrono::nanoseconds>(figures.longest, took);
        if (now - window_began >= window) {
            longest_in_last =
                now - window_began < 2 * window ? longest_in_window : std::chrono::nanoseconds(0);
            longest_in_window = {};
            window_began = now;
        }
        longest_in_window = std::max<std::chrono::nanoseconds>(longest_in_window, took);
    }
};

thread_local watched* own = nullptr;

}  // namespace

void watch_turns() {
    static watched all;
    all.began = all.window_began = clock::now();
    own = &all;
}

turn_figures turns_so_far() {
    if (!own) return {};
    auto out = own->figures;
    out.longest_lately = std::max(own->longest_in_window, own->longest_in_last);
    return out;
}

}  // namespace sparkgate

// The linker leads every call of epoll_wait here (-Wl,--wrap, src/CMakeLists.txt).
extern "C" int __real_epoll_wait(int fd, epoll_event* events, int most, int timeout);

extern "C" int __wrap_epoll_wait(int fd, epoll_event* events, int most, int timeout) {
    auto* const watched = sparkgate::own;
    if (!watched) return __real_epoll_wait(fd, events, most, timeout);
    watched->end_turn(sparkgate::clock::now());
    const int out = __real_epoll_wait(fd, events, most, timeout);
    watched->began = sparkgate::clock::now();
    return out;
}
