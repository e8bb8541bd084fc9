// How long the turns of an event loop take: from the moment when it has learned what is ready until it asks
// again. For that long nobody else is served. Costs two looks at the clock for each turn: epoll_wait is
// wrapped by the linker.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sparkgate {

struct turn_figures {
    // Upper ends of the histogram's buckets but the last, which has none.
    static constexpr std::array<std::chrono::microseconds, 15> bounds{
        std::chrono::microseconds(50),  std::chrono::microseconds(100), std::chrono::microseconds(250),
        std::chrono::microseconds(500), std::chrono::milliseconds(1),   std::chrono::microseconds(2500),
        std::chrono::milliseconds(5),   std::chrono::milliseconds(10),  std::chrono::milliseconds(20),
        std::chrono::milliseconds(50),  std::chrono::milliseconds(100), std::chrono::milliseconds(250),
        std::chrono::milliseconds(500), std::chrono::seconds(1),        std::chrono::seconds(5)};

    std::array<std::uint64_t, bounds.size() + 1> counts{};  // of each bucket alone
    std::chrono::nanoseconds total{}, longest{};
    std::chrono::nanoseconds longest_lately{};  // within the last one to two minutes
};

// The calling thread runs an event loop: its turns are counted from now on. One thread of the process.
void watch_turns();

// So far. On that thread; zeros on others.
turn_figures turns_so_far();

}  // namespace sparkgate
