#include "sparkgate/base/remove_tree.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/base/unique_fd.hpp"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>

namespace sparkgate {
namespace fs = std::filesystem;

namespace {

constexpr int as_directory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

// One that we may neither enter nor empty gets a mode in which we may. By way of its descriptor: chmod by
// name would follow a link.
unique_fd open_directory(int parent, const char* name) {
    const unique_fd found(::openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!found) return {};
    ::chmod(("/proc/self/fd/" + std::to_string(found.get())).c_str(), 0700);
    return unique_fd(::openat(parent, name, as_directory));
}

struct close_directory {
    void operator()(DIR* open) const { ::closedir(open); }
};

// A tree of any depth is made flat instead of being descended into: what is found full below the top is moved
// to the top, and its turn comes there.
class flat_removal {
public:
    explicit flat_removal(unique_fd top) : top_(std::move(top)) {}

    // The name of what could not be removed, with errno; empty: all is gone.
    std::string empty() {
        // What was moved up may lie behind what the pass has read: hence again, as long as that gets on.
        std::uint64_t before = 0;
        do {
            before = progress_;
            failed_.clear();
            empty(top_.get());
        } while (progress_ != before);
        errno = reason_;
        return failed_;
    }

private:
    void empty(int directory) {
        unique_fd again(::openat(directory, ".", as_directory));
        const std::unique_ptr<DIR, close_directory> entries(::fdopendir(again.get()));
        if (!entries) return failed(".");
        again.release();
        while (const auto* entry = ::readdir(entries.get())) {
            const std::string name = entry->d_name;
            if (name != "." && name != "..") take(remove(directory, name), name);
        }
    }

    // Where that fails errno says why.
    bool remove(int parent, const std::string& name) {
        const auto removed = [&](int how) {
            return ::unlinkat(parent, name.c_str(), how) == 0 || errno == ENOENT;
        };
        if (removed(0) || removed(AT_REMOVEDIR)) return true;
        if (errno != ENOTEMPTY && errno != EEXIST) return false;
        const auto within = open_directory(parent, name.c_str());
        if (!within) return false;
        if (parent != top_.get()) return move_up(parent, name);
        empty(within.get());
        return removed(AT_REMOVEDIR);
    }

    bool move_up(int parent, const std::string& name) {
        const auto up = ".removed-" + std::to_string(++names_);
        return ::renameat(parent, name.c_str(), top_.get(), up.c_str()) == 0;
    }

    void take(bool done, const std::string& name) {
        if (done)
            ++progress_;
        else
            failed(name);
    }

    void failed(const std::string& name) {
        if (!failed_.empty()) return;
        reason_ = errno;
        failed_ = name;
    }

    unique_fd top_;
    std::uint64_t progress_ = 0, names_ = 0;
    std::string failed_;
    int reason_ = 0;
};

}  // namespace

result<void> remove_tree(const fs::path& path) {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    auto top = open_directory(AT_FDCWD, path.c_str());
    if (!top) return io_error("cannot remove", path);
    if (const auto left = flat_removal(std::move(top)).empty(); !left.empty())
        return io_error("cannot remove", path / left);
    if (::rmdir(path.c_str()) != 0 && errno != ENOENT) return io_error("cannot remove", path);
    return {};
}

}  // namespace sparkgate
