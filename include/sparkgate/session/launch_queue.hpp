// Who may start now: a bounded number of programs start at a time, the others wait in the order of their
// coming, fairly between owners. Pure; thread: the event loop's only. Outlives its places.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace sparkgate::session {

class launch_queue {
public:
    // `at_once` (> 0) start at a time; `waiting` more may wait.
    launch_queue(std::size_t at_once, std::size_t waiting) : at_once_(at_once), limit_(at_once + waiting) {}
    launch_queue(const launch_queue&) = delete;
    launch_queue& operator=(const launch_queue&) = delete;

    // Holds a place among those that wait or start; giving it up lets the next one in.
    class place {
    public:
        place() = default;
        place(place&& other) noexcept
            : queue_(std::exchange(other.queue_, nullptr)), ticket_(other.ticket_) {}
        place& operator=(place&& other) noexcept;
        ~place() { leave(); }

        // Calls `turn` once, now or when a place to start is free: those of one owner in the order of their
        // calls, one of each owner in turn.
        void wait(const std::string& owner, std::function<void()> turn);

        void leave();

    private:
        friend class launch_queue;
        place(launch_queue& queue, std::uint64_t ticket) : queue_(&queue), ticket_(ticket) {}
        launch_queue* queue_ = nullptr;
        std::uint64_t ticket_ = 0;
    };

    // A place that waits for its wait(); nothing when as many as may already wait.
    std::optional<place> reserve();

    std::size_t starting() const { return starting_.size(); }
    std::size_t waiting() const { return taken_ - starting_.size(); }

private:
    struct waiter {
        std::uint64_t ticket;
        std::function<void()> turn;
    };

    void leave(std::uint64_t ticket);
    void forget_waiting(std::uint64_t ticket);
    waiter next();
    void let_in();

    const std::size_t at_once_, limit_;
    std::size_t taken_ = 0;  // places given out
    std::uint64_t next_ticket_ = 1;
    std::set<std::uint64_t> starting_;
    std::map<std::string, std::deque<waiter>> waiting_;  // by owner; none is empty
    std::deque<std::string> owners_;                     // whose turn is next
    bool letting_in_ = false;
};

}  // namespace sparkgate::session
