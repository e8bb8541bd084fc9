#include "strangers.hpp"

#include <algorithm>
#include <map>

namespace sparkgate::driver {

void strangers::add(std::shared_ptr<connection> newcomer, pid_t pid) {
    if (all_.size() >= most) send_one_away();
    all_.push_back({std::move(newcomer), pid});
}

void strangers::remove(const connection& known) {
    all_.remove_if([&known](const stranger& each) { return each.at.get() == &known; });
}

void strangers::send_one_away() {
    std::map<pid_t, std::size_t> count;
    for (const auto& each : all_)
        ++count[each.pid];
    const auto by_count = [&count](const stranger& one, const stranger& other) {
        return count[one.pid] < count[other.pid];
    };
    const auto gone = std::max_element(all_.begin(), all_.end(), by_count);  // the first of them
    gone->at->close();
    all_.erase(gone);
}

}  // namespace sparkgate::driver
