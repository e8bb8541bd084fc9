#include "sparkgate/session/upload.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/base/new_file.hpp"
#include "sparkgate/base/own_file.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace sparkgate::session {
namespace {

namespace fs = std::filesystem;

// What a file costs beside its text, so that many empty ones are bounded, too.
constexpr std::uint64_t file_bytes = 4096;

error session_has_ended() {
    return fail(errc::conflict, "the session has ended");
}

}  // namespace

// Files of sessions that an earlier gateway process began count, too.
void upload_space::look() {
    used_ = 0;
    std::error_code ended;
    for (fs::recursive_directory_iterator at(session_directory_ / "uploads", ended), end; !ended && at != end;
         at.increment(ended)) {
        if (at.depth() > 0) at.disable_recursion_pending();  // uploads/<n>/<name>
        std::error_code vanished;
        if (at->symlink_status(vanished).type() != fs::file_type::regular) continue;
        if (const auto size = at->file_size(vanished); !vanished) *used_ += file_bytes + size;
    }
}

result<void> upload_space::take_locked(std::uint64_t bytes) {
    if (!used_) look();
    if (*used_ > most_ || bytes > most_ - *used_)
        return fail(errc::too_large, "The session's uploaded files take more than the " +
                                         std::to_string(most_) +
                                         " bytes that file.upload.session-size allows.");
    *used_ += bytes;
    return {};
}

void upload_space::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
}

result<void> upload_space::take(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    return take_locked(bytes);
}

// uploads/1, uploads/2, …: the first that is not there, also after a restart of the server.
result<fs::path> upload_space::make_directory() {
    const std::lock_guard lock(mutex_);
    if (closed_) return session_has_ended();
    if (auto taken = take_locked(file_bytes); !taken) return taken.error();
    const auto uploads = session_directory_ / "uploads";
    auto made = make_own_directory(uploads);
    for (; made; ++next_) {
        auto own = uploads / std::to_string(next_);
        if (::mkdir(own.c_str(), 0700) == 0) return own;
        if (errno != EEXIST) made = io_error("cannot create", own);
    }
    *used_ -= file_bytes;
    return made.error();
}

void upload_space::remove_directory(const fs::path& own, const std::string& name, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    ::unlink((own / name).c_str());
    ::rmdir(own.c_str());
    *used_ -= file_bytes + bytes;
}

struct upload::state {
    const std::shared_ptr<upload_space> space;
    const std::string name;
    fs::path own_directory;  // empty: not made yet
    std::optional<new_file> file;
    std::uint64_t bytes = 0;
    bool kept = false;

    state(std::shared_ptr<upload_space> in, std::string file_name)
        : space(std::move(in)), name(std::move(file_name)) {}
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() {
        if (kept || own_directory.empty()) return;
        file.reset();
        space->remove_directory(own_directory, name, bytes);
    }

    result<void> open() {
        if (file) return {};
        auto made = space->make_directory();
        if (!made) return made.error();
        own_directory = std::move(*made);
        auto created = new_file::create(own_directory / name);
        if (!created) return created.error();
        file.emplace(std::move(*created));
        return {};
    }

    result<void> append(std::string_view piece) {
        if (auto opened = open(); !opened) return opened;
        if (auto taken = space->take(piece.size()); !taken) return taken;
        bytes += piece.size();
        return file->append(piece);
    }

    // Not synced: the file is worth as much as the session's processes, which a crash of the system ends.
    result<fs::path> finish() {
        if (auto opened = open(); !opened) return opened.error();
        auto renamed = file->keep();
        if (renamed) return own_directory / name;
        if (!fs::exists(own_directory)) return session_has_ended();
        return renamed.error();
    }
};

upload::upload(worker_pool& workers, std::shared_ptr<upload_space> space, std::string name)
    : workers_(workers), state_(std::make_shared<state>(std::move(space), std::move(name))) {}

upload::~upload() {
    workers_.post(lane::quick, "the end of an upload",
                  [last = std::move(state_)]() mutable { last.reset(); });
}

awaitable<result<void>> upload::append(std::string_view piece) {
    auto work = [on = state_, piece] { return on->append(piece); };
    co_return co_await workers_.run(lane::quick, std::move(work));
}

void upload::keep() {
    state_->kept = true;
}

awaitable<result<fs::path>> upload::finish() {
    auto work = [on = state_] { return on->finish(); };
    co_return co_await workers_.run(lane::quick, std::move(work));
}

}  // namespace sparkgate::session
