// state.dir: everything that the gateway keeps, used by one gateway at a time.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/base/unique_fd.hpp"

#include <filesystem>

namespace sparkgate::app {

// Makes the directory with its rooms (sessions/, batches/, run/) and holds its lock until destroyed.
class state_directory {
public:
    // Errors: unavailable, one line (not writable, somebody else's or open to others, in a place where others
    // could replace it, something in it that is no file of ours, in use by another gateway).
    static result<state_directory> open(const std::filesystem::path& path);

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path sessions() const { return path_ / "sessions"; }
    std::filesystem::path batches() const { return path_ / "batches"; }
    std::filesystem::path run() const { return path_ / "run"; }
    int lock() const { return lock_.get(); }
    std::filesystem::path database() const { return path_ / "sparkgate.db"; }

private:
    state_directory(std::filesystem::path path, unique_fd lock)
        : path_(std::move(path)), lock_(std::move(lock)) {}

    std::filesystem::path path_;
    unique_fd lock_;
};

}  // namespace sparkgate::app
