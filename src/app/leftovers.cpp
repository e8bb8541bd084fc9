#include "leftovers.hpp"

#include "state_directory.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace sparkgate::app {
namespace {

using path_list = std::vector<std::filesystem::path>;

path_list content_of(const std::filesystem::path& directory) {
    std::error_code ec;
    path_list out;
    for (const auto& entry : std::filesystem::directory_iterator(directory, ec))
        out.push_back(entry.path());
    return out;
}

awaitable<void> end_children(process::launcher& launcher, path_list directories) {
    std::vector<std::unique_ptr<process::child>> children;
    for (const auto& directory : directories)
        if (auto found = launcher.reattach(directory)) {
            spdlog::info("ending what an earlier process left running for {}", directory.string());
            (*found)->terminate();
            children.push_back(std::move(*found));
        }
    for (const auto& child : children)
        co_await child->wait_gone();
}

bool is_known(const std::vector<store::batch_record>& batches, const std::filesystem::path& directory) {
    return std::any_of(batches.begin(), batches.end(), [name = directory.filename()](const auto& each) {
        return std::to_string(each.id) == name;
    });
}

}  // namespace

awaitable<void> end_leftovers(process::launcher& launcher, store::store& store, const state_directory& state,
                              const store::contents& known) {
    const auto sessions = content_of(state.sessions()), batches = content_of(state.batches());
    co_await end_children(launcher, sessions);
    path_list running = batches;
    // One that has ended has told so: only those that had not, or have no record, can have left something.
    std::erase_if(running, [](const auto& directory) { return bool(process::read_exit(directory)); });
    co_await end_children(launcher, std::move(running));
    std::error_code ec;
    for (const auto& directory : sessions)
        std::filesystem::remove_all(directory, ec);
    for (const auto& directory : batches)
        if (!is_known(known.batches, directory)) std::filesystem::remove_all(directory, ec);
    std::vector<store::change> erased;
    for (const auto& record : known.sessions)
        erased.emplace_back(store::erase_session{record.id});
    const auto done = co_await store.commit(std::move(erased));
    if (!done) spdlog::error("records of earlier sessions could not be removed: {}", done.error().message);
}

}  // namespace sparkgate::app
