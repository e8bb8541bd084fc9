// Keeps output.log small: the middle of one that grew too large is given back to the file system as a hole,
// so that the writers (who append) and the offsets of what stays are not disturbed. The beginning tells how
// it started, the end what it does now. The reader: process/log_index.hpp.
#pragma once

namespace sparkgate::shim {

class log_limit {
public:
    // `log` stays open as long as this is used. `bytes` <= 0: no limit.
    log_limit(int log, long long bytes) : log_(log), bytes_(bytes) {}

    bool needed() const { return bytes_ > 0; }

    // Makes the hole, or a larger one, when the file holds more than the limit. A file system without holes
    // ends the matter: the log then stays complete.
    void apply();

private:
    int log_;
    long long bytes_;
    long long hole_end_ = 0;  // 0: no hole yet
};

}  // namespace sparkgate::shim
