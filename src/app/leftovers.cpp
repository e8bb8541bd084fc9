#include "leftovers.hpp"

#include <spdlog/spdlog.h>

namespace sparkgate::app {

awaitable<void> end_leftovers(process::launcher& launcher, store::store& store,
                              std::filesystem::path sessions, std::vector<store::session_record> records) {
    std::error_code ec;
    std::vector<std::filesystem::path> directories;
    for (const auto& entry : std::filesystem::directory_iterator(sessions, ec))
        directories.push_back(entry.path());
    std::vector<std::unique_ptr<process::child>> children;
    for (const auto& directory : directories)
        if (auto found = launcher.reattach(directory)) {
            spdlog::info("ending what an earlier process left running for {}", directory.string());
            (*found)->terminate();
            children.push_back(std::move(*found));
        }
    for (const auto& child : children)
        co_await child->wait_gone();
    for (const auto& directory : directories)
        std::filesystem::remove_all(directory, ec);
    std::vector<store::change> erased;
    for (const auto& record : records)
        erased.emplace_back(store::erase_session{record.id});
    const auto done = co_await store.commit(std::move(erased));
    if (!done) spdlog::error("records of earlier sessions could not be removed: {}", done.error().message);
}

}  // namespace sparkgate::app
