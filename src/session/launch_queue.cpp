#include "sparkgate/session/launch_queue.hpp"

#include "sparkgate/base/on_exit.hpp"

#include <algorithm>

namespace sparkgate::session {

launch_queue::place& launch_queue::place::operator=(place&& other) noexcept {
    if (this == &other) return *this;
    leave();
    queue_ = std::exchange(other.queue_, nullptr);
    ticket_ = other.ticket_;
    return *this;
}

void launch_queue::place::wait(const std::string& owner, std::function<void()> turn) {
    auto& line = queue_->waiting_[owner];
    if (line.empty()) queue_->owners_.push_back(owner);
    line.push_back({ticket_, std::move(turn)});
    queue_->let_in();
}

void launch_queue::place::leave() {
    if (auto* queue = std::exchange(queue_, nullptr)) queue->leave(ticket_);
}

std::optional<launch_queue::place> launch_queue::reserve() {
    if (taken_ >= limit_) return {};
    ++taken_;
    return place(*this, next_ticket_++);
}

launch_queue::place launch_queue::readmit() {
    ++taken_;
    return place(*this, next_ticket_++);
}

void launch_queue::close() {
    at_once_ = 0;
    owners_.clear();
    waiting_.clear();
}

void launch_queue::leave(std::uint64_t ticket) {
    --taken_;
    if (starting_.erase(ticket) == 0) forget_waiting(ticket);
    let_in();
}

void launch_queue::forget_waiting(std::uint64_t ticket) {
    for (auto& [owner, line] : waiting_) {
        if (std::erase_if(line, [ticket](const waiter& each) { return each.ticket == ticket; }) == 0)
            continue;
        if (!line.empty()) return;
        owners_.erase(std::find(owners_.begin(), owners_.end(), owner));
        waiting_.erase(owner);
        return;
    }
}

launch_queue::waiter launch_queue::next() {
    const auto owner = std::move(owners_.front());
    owners_.pop_front();
    const auto found = waiting_.find(owner);
    waiter first = std::move(found->second.front());
    found->second.pop_front();
    if (found->second.empty())
        waiting_.erase(found);
    else
        owners_.push_back(owner);
    return first;
}

// A turn may end at once and let the next one in: that is left to the loop that is running already, so that a
// thousand such turns do not stand on each other's stack.
void launch_queue::let_in() {
    if (std::exchange(letting_in_, true)) return;
    const on_exit done([this] { letting_in_ = false; });
    while (starting_.size() < at_once_ && !owners_.empty()) {
        const waiter one = next();
        starting_.insert(one.ticket);
        one.turn();
    }
}

}  // namespace sparkgate::session
