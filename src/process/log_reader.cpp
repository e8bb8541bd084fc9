#include "sparkgate/process/log_reader.hpp"

#include <algorithm>

namespace sparkgate::process {

log_index& log_reader::index_of(const std::filesystem::path& path) {
    const auto found =
        std::find_if(known_.begin(), known_.end(), [&path](const known& each) { return each.path == path; });
    if (found == known_.end())
        known_.push_front({path, log_index(path)});
    else
        known_.splice(known_.begin(), known_, found);
    if (known_.size() > kept) known_.pop_back();
    return known_.front().index;
}

}  // namespace sparkgate::process
