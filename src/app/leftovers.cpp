#include "leftovers.hpp"

#include "state_directory.hpp"

#include "sparkgate/base/remove_tree.hpp"
#include "sparkgate/obs/log.hpp"

#include <spdlog/spdlog.h>

#include <set>

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
            spdlog::info("ending what an earlier process left running for {}",
                         obs::printable(directory.string()));
            (*found)->terminate();
            children.push_back(std::move(*found));
        }
    for (const auto& child : children)
        co_await child->wait_gone();
}

template <class Record>
path_list unknown_in(const std::filesystem::path& directory, const std::vector<Record>& records) {
    std::set<std::string> known;
    for (const auto& record : records)
        known.insert(std::to_string(record.id));
    auto out = content_of(directory);
    std::erase_if(out, [&known](const auto& each) { return known.contains(each.filename().string()); });
    return out;
}

awaitable<void> end_and_remove(process::launcher& launcher, path_list directories) {
    co_await end_children(launcher, directories);
    for (const auto& directory : directories)
        if (const auto removed = remove_tree(directory); !removed)
            spdlog::warn("{}", obs::printable(removed.error().message));
}

}  // namespace

awaitable<void> end_strangers(process::launcher& launcher, const state_directory& state,
                              const store::contents& known) {
    auto directories = unknown_in(state.sessions(), known.sessions);
    for (auto& directory : unknown_in(state.batches(), known.batches))
        directories.push_back(std::move(directory));
    co_await end_and_remove(launcher, std::move(directories));
}

awaitable<void> end_leftovers(process::launcher& launcher, store::store& store, const state_directory& state,
                              store::contents& known) {
    co_await end_and_remove(launcher, content_of(state.sessions()));
    auto running = content_of(state.batches());
    std::erase_if(running, [](const auto& directory) { return bool(process::read_exit(directory)); });
    co_await end_children(launcher, std::move(running));
    std::vector<store::change> erased;
    for (const auto& record : known.sessions)
        erased.emplace_back(store::erase_session{record.id});
    const auto done = co_await store.commit(std::move(erased));
    if (!done) spdlog::error("records of earlier sessions could not be removed: {}", done.error().message);
    known.sessions.clear();
    known.statements.clear();
}

}  // namespace sparkgate::app
