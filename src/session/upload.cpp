#include "sparkgate/session/upload.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/base/new_file.hpp"
#include "sparkgate/base/own_file.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <cerrno>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace sparkgate::session {
namespace {

namespace fs = std::filesystem;

constexpr int most_uploads = 100'000;  // also where the session's code has made them

// uploads/1, uploads/2, …: the first that is not there, also after a restart of the server.
result<fs::path> make_own_directory(const fs::path& session_directory) {
    // A session's directory is removed by the pool's thread, too, and must not come back.
    if (!fs::exists(session_directory)) return fail(errc::conflict, "the session has ended");
    const auto uploads = session_directory / "uploads";
    if (auto made = make_own_directory(uploads); !made) return made.error();
    for (int number = 1; number <= most_uploads; ++number) {
        auto own = uploads / std::to_string(number);
        if (::mkdir(own.c_str(), 0700) == 0) return own;
        if (errno != EEXIST) return io_error("cannot create", own);
    }
    return fail(errc::busy, "there are too many uploads in " + uploads.string());
}

}  // namespace

struct upload::state {
    const fs::path session_directory;
    const std::string name;
    fs::path own_directory;  // empty: not made yet
    std::optional<new_file> file;
    bool kept = false;

    state(fs::path directory, std::string file_name)
        : session_directory(std::move(directory)), name(std::move(file_name)) {}
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() {
        if (kept || own_directory.empty()) return;
        file.reset();
        ::unlink((own_directory / name).c_str());
        ::rmdir(own_directory.c_str());
    }

    result<void> open() {
        if (file) return {};
        auto made = make_own_directory(session_directory);
        if (!made) return made.error();
        own_directory = std::move(*made);
        auto created = new_file::create(own_directory / name);
        if (!created) return created.error();
        file.emplace(std::move(*created));
        return {};
    }

    result<void> append(std::string_view piece) {
        if (auto opened = open(); !opened) return opened;
        return file->append(piece);
    }

    // Not synced: the file is worth as much as the session's processes, which a crash of the system ends.
    result<fs::path> finish() {
        if (auto opened = open(); !opened) return opened.error();
        if (!fs::exists(session_directory)) return fail(errc::conflict, "the session has ended");
        if (auto renamed = file->keep(); !renamed) return renamed.error();
        return own_directory / name;
    }
};

upload::upload(asio::thread_pool& pool, fs::path session_directory, std::string name)
    : pool_(pool), state_(std::make_shared<state>(std::move(session_directory), std::move(name))) {}

upload::~upload() {
    asio::post(pool_, [last = std::move(state_)]() mutable { last.reset(); });
}

awaitable<result<void>> upload::append(std::string_view piece) {
    auto work = [](std::shared_ptr<state> on, std::string_view text) -> awaitable<result<void>> {
        co_return on->append(text);
    }(state_, piece);
    co_return co_await asio::co_spawn(pool_, std::move(work), asio::use_awaitable);
}

void upload::keep() {
    state_->kept = true;
}

awaitable<result<fs::path>> upload::finish() {
    auto work = [](std::shared_ptr<state> on) -> awaitable<result<fs::path>> {
        co_return on->finish();
    }(state_);
    co_return co_await asio::co_spawn(pool_, std::move(work), asio::use_awaitable);
}

}  // namespace sparkgate::session
