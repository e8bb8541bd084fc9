#include "sparkgate/process/log_reader.hpp"

#include <algorithm>

namespace sparkgate::process {

// The shim looks at a log once a second: a fast program is far beyond the limit by then. Without a limit:
// more than anybody reads by line numbers, and no hours for a file that is large by its holes only.
std::int64_t log_reader::most_bytes(std::uint64_t log_limit) {
    constexpr std::int64_t slack = std::int64_t{4} << 30, most = std::int64_t{64} << 30;
    return log_limit == 0 ? most : static_cast<std::int64_t>(log_limit) + slack;
}

log_index& log_reader::index_of(const std::filesystem::path& path) {
    const auto found =
        std::find_if(known_.begin(), known_.end(), [&path](const known& each) { return each.path == path; });
    if (found == known_.end())
        known_.push_front({path, log_index(path, most_bytes_)});
    else
        known_.splice(known_.begin(), known_, found);
    if (known_.size() > kept) known_.pop_back();
    return known_.front().index;
}

}  // namespace sparkgate::process
