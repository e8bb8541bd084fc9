// Whether a server has been away for too long. It holds a lock on a file of its state directory as long as it
// lives; a lock goes with its owner, however that ends.
#pragma once

namespace sparkgate::shim {

class orphan_watch {
public:
    // `timeout_ms` <= 0: a server may stay away for ever. The path must outlive this.
    orphan_watch(const char* lock_path, long long timeout_ms) : path_(lock_path), timeout_ms_(timeout_ms) {}

    bool needed() const { return timeout_ms_ > 0; }

    // Between two calls of is_over().
    int pause_ms() const {
        return timeout_ms_ < longest_pause_ms ? static_cast<int>(timeout_ms_) : longest_pause_ms;
    }

    // Looks at the lock, if it was not done just now. `now_ms` is of a monotonic clock.
    bool is_over(long long now_ms);

private:
    static constexpr int longest_pause_ms = 5000;

    const char* path_;
    long long timeout_ms_;
    long long seen_ms_ = -1;  // when a server was seen last
    long long next_look_ms_ = 0;
};

}  // namespace sparkgate::shim
