// Memory that all connections together may hold for one purpose. Event-loop thread only.
#pragma once

#include <cstddef>

namespace sparkgate::http {

class budget {
public:
    explicit budget(std::size_t most) : most_(most) {}

    bool exceeded() const { return held_ > most_; }

    // What one connection holds of it; given back at the end of its life, which is before the budget's.
    class share {
    public:
        explicit share(budget& of) : of_(of) {}
        share(const share&) = delete;
        share& operator=(const share&) = delete;
        ~share() { hold(0); }

        std::size_t held() const { return held_; }
        void hold(std::size_t bytes) {
            of_.held_ += bytes - held_;  // unsigned: right for less, too
            held_ = bytes;
        }

    private:
        budget& of_;
        std::size_t held_ = 0;
    };

private:
    const std::size_t most_;
    std::size_t held_ = 0;
};

}  // namespace sparkgate::http
