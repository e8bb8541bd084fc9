// Memory, or whatever else is counted, that many may hold together for one purpose. Event-loop thread only.
#pragma once

#include <cstddef>
#include <limits>

namespace sparkgate {

class budget {
public:
    explicit budget(std::size_t most = std::numeric_limits<std::size_t>::max()) : most_(most) {}

    std::size_t most() const { return most_; }
    bool exceeded() const { return held_ > most_; }
    bool has_room_for(std::size_t more) const { return held_ <= most_ && more <= most_ - held_; }

    // What one holder has of it; given back at the end of its life, which is before the budget's.
    class share {
    public:
        explicit share(budget& of) : of_(of) {}
        share(const share&) = delete;
        share& operator=(const share&) = delete;
        ~share() { hold(0); }

        std::size_t held() const { return held_; }
        void hold(std::size_t amount) {
            of_.held_ += amount - held_;  // unsigned: right for less, too
            held_ = amount;
        }

    private:
        budget& of_;
        std::size_t held_ = 0;
    };

private:
    const std::size_t most_;
    std::size_t held_ = 0;
};

}  // namespace sparkgate
