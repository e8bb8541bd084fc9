// Codes and outputs of ended statements that stay in memory, of all sessions: the newest, up to a number of
// bytes. The store has all of them. Event-loop thread only.
#pragma once

#include "sparkgate/session/statement.hpp"

#include <deque>
#include <limits>
#include <memory>

namespace sparkgate::session {

class kept_texts {
public:
    // Larger texts are not kept at all.
    static constexpr std::size_t largest = 64 * 1024;

    explicit kept_texts(std::size_t most = std::numeric_limits<std::size_t>::max()) : most_(most) {}

    // The statement has ended, and the store has its texts.
    void add(const std::shared_ptr<statement>& ended);

private:
    struct entry {
        std::weak_ptr<statement> whose;
        std::size_t bytes;
    };
    void drop_oldest();

    const std::size_t most_;
    std::size_t held_ = 0;
    std::deque<entry> entries_;
};

}  // namespace sparkgate::session
