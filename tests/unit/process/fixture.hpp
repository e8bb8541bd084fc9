// Real children under the real shim, in a directory of their own.
#pragma once

#include "sparkgate/base/files.hpp"
#include "sparkgate/process/launcher.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace sparkgate::process {

class temporary_directory {
public:
    temporary_directory();
    ~temporary_directory();
    const std::filesystem::path& path() const { return path_; }
    std::string text(const std::string& name) const;  // empty if there is no such file

private:
    std::filesystem::path path_;
};

inline constexpr std::chrono::seconds deadline{30};
inline constexpr std::chrono::milliseconds short_grace{200};

// Looks until `done` holds; false when the deadline has passed.
bool eventually(const std::function<bool()>& done);

// Pids of living processes (no zombies) with `mark` in their environment.
std::set<pid_t> processes_with(const std::string& mark);
std::set<pid_t> own_children();
std::size_t open_descriptors(const std::string& pid = "self");
// One field of /proc/<pid>/status without blanks in front.
std::string status_field(pid_t pid, const std::string& name);

class ProcessTest : public testing::Test {
protected:
    ProcessTest();
    ~ProcessTest() override;  // whatever a test leaves behind is killed

    child_spec spec(std::vector<std::string> argv, std::chrono::milliseconds grace = short_grace);
    // A shell script. Its directory is in $DIR, the mark in $MARK.
    child_spec script(const std::string& text, std::chrono::milliseconds grace = short_grace);
    child_spec python(const std::string& text, std::chrono::milliseconds grace = short_grace);
    std::unique_ptr<child> start(const child_spec& what);

    // The pid of the program, once shim.json names it.
    pid_t program_pid();
    void wait_for_file(const std::string& name);
    bool nothing_is_left() const { return processes_with(mark).empty(); }

    // Runs the event loop until the awaitable has its result.
    template <class T>
    T await(awaitable<T> work) {
        std::optional<T> out;
        asio::co_spawn(io, std::move(work), [&](std::exception_ptr e, T value) {
            if (e) std::rethrow_exception(e);
            out = std::move(value);
        });
        run_until([&] { return out.has_value(); });
        return std::move(*out);
    }
    void await(awaitable<void> work) {
        bool done = false;
        asio::co_spawn(io, std::move(work), [&](std::exception_ptr e) {
            if (e) std::rethrow_exception(e);
            done = true;
        });
        run_until([&] { return done; });
    }
    // Throws when the deadline has passed.
    void run_until(const std::function<bool()>& done);

    asio::io_context io;
    temporary_directory dir;
    std::string mark;
    std::unique_ptr<launcher> starter;
};

}  // namespace sparkgate::process
