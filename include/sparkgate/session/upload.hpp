// A file that a client brings for the code of a session, while it comes. The session's event loop; what
// blocks goes on among the workers.
#pragma once

#include "sparkgate/base/async.hpp"
#include "sparkgate/base/error.hpp"
#include "sparkgate/base/worker_pool.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace sparkgate::session {

// The files that were brought to one session, and the room for more. Any thread.
class upload_space {
public:
    // Below the session's directory, what an earlier gateway process has left there included; at most so many
    // bytes.
    upload_space(std::filesystem::path session_directory, std::uint64_t most)
        : session_directory_(std::move(session_directory)), most_(most) {}

    const std::filesystem::path& session_directory() const { return session_directory_; }

    // The session's directory is about to be removed: nothing is made in it any more.
    void close();

    // An empty directory for one file. Errors: conflict (closed), too_large, no_space, unavailable.
    result<std::filesystem::path> make_directory();
    void remove_directory(const std::filesystem::path& own, const std::string& name, std::uint64_t bytes);

    // Room for more bytes of a file. Errors: too_large.
    result<void> take(std::uint64_t bytes);

private:
    void look();
    result<void> take_locked(std::uint64_t bytes);

    const std::filesystem::path session_directory_;
    const std::uint64_t most_;
    std::mutex mutex_;  // guards the next three
    bool closed_ = false;
    std::optional<std::uint64_t> used_;  // bytes; nothing: not looked yet
    int next_ = 1;
};

class upload {
public:
    // In a directory of its own in that space. `name` is a mere file name.
    upload(worker_pool& workers, std::shared_ptr<upload_space> space, std::string name);

    // Without keep() nothing is left, in a moment.
    ~upload();

    // `piece` must live until this resolves. Errors: no_space, unavailable, conflict (the session was
    // removed), too_large (the session has no more room).
    awaitable<result<void>> append(std::string_view piece);

    // Nothing more comes: where the file lies now. Errors as append.
    awaitable<result<std::filesystem::path>> finish();

    // The session has taken the file, or may have.
    void keep();

private:
    struct state;  // that the workers work on

    worker_pool& workers_;
    std::shared_ptr<state> state_;
};

}  // namespace sparkgate::session
