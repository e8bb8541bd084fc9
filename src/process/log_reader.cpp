#include "sparkgate/process/log_reader.hpp"

#include <algorithm>

namespace sparkgate::process {
namespace {

constexpr std::int64_t much = 4 << 20;  // bytes: milliseconds

}  // namespace

// The shim looks at a log once a second: a fast program is far beyond the limit by then. Without a limit:
// more than anybody reads by line numbers, and no hours for a file that is large by its holes only.
std::int64_t log_reader::most_bytes(std::uint64_t log_limit) {
    constexpr std::int64_t slack = std::int64_t{4} << 30, most = std::int64_t{64} << 30;
    return log_limit == 0 ? most : static_cast<std::int64_t>(log_limit) + slack;
}

std::shared_ptr<log_reader::known> log_reader::find(const std::filesystem::path& path) {
    const auto found =
        std::find_if(known_.begin(), known_.end(), [&path](const auto& each) { return each->path == path; });
    if (found == known_.end())
        known_.push_front(std::make_shared<known>(path, most_bytes_));
    else
        known_.splice(known_.begin(), known_, found);
    if (known_.size() > kept) known_.pop_back();
    return known_.front();
}

lane log_reader::lane_for(known& log) {
    std::error_code is_not_there;
    const auto size = std::filesystem::file_size(log.path, is_not_there);
    const auto now = is_not_there ? 0 : static_cast<std::int64_t>(size);
    const auto before = std::exchange(log.looked_at, now);
    // A smaller one is another file, and read anew.
    return now - (now < before ? 0 : before) > much ? lane::slow : lane::quick;
}

}  // namespace sparkgate::process
