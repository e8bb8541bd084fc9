#include "fixture.hpp"

#include "sparkgate/base/json.hpp"

#include <csignal>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <thread>

namespace sparkgate::process {
namespace fs = std::filesystem;

temporary_directory::temporary_directory() {
    std::string pattern = (fs::temp_directory_path() / "sparkgate-process-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
}

temporary_directory::~temporary_directory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

std::string temporary_directory::text(const std::string& name) const {
    const auto text = read_file(path_ / name);
    return text ? *text : std::string();
}

bool eventually(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!done()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

std::set<pid_t> processes_with(const std::string& mark) {
    std::set<pid_t> out;
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator("/proc", ec)) {
        const pid_t pid = std::atoi(entry.path().filename().c_str());
        if (pid <= 0) continue;
        const auto environment = read_file(entry.path() / "environ");  // empty for a zombie
        if (environment && environment->find(mark) != std::string::npos) out.insert(pid);
    }
    return out;
}

std::set<pid_t> own_children() {
    std::ifstream file("/proc/thread-self/children");
    std::set<pid_t> out;
    for (pid_t pid; file >> pid;)
        out.insert(pid);
    return out;
}

std::size_t open_descriptors(const std::string& pid) {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator("/proc/" + pid + "/fd")) {
        (void)entry;
        ++count;
    }
    return pid == "self" ? count - 1 : count;  // without that of the iterator
}

std::string status_field(pid_t pid, const std::string& name) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(name + ":")) return line.substr(line.find_first_not_of(" \t", name.size() + 1));
    return {};
}

ProcessTest::ProcessTest()
    : mark("SPARKGATE_TEST_MARK=" + dir.path().filename().string()),
      starter(
          make_launcher(io.get_executor(), fs::path(SPARKGATE_TEST_BIN) / "sparkgate-shim", STDIN_FILENO)) {}

ProcessTest::~ProcessTest() {
    for (const pid_t pid : processes_with(mark))
        ::kill(pid, SIGKILL);
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
}

child_spec ProcessTest::spec(std::vector<std::string> argv, std::chrono::milliseconds grace) {
    return {.dir = dir.path(),
            .working_directory = dir.path(),
            .argv = std::move(argv),
            .env = {"PATH=/usr/bin:/bin", mark, "DIR=" + dir.path().string()},
            .grace = grace,
            .server_lock = {}};
}

child_spec ProcessTest::script(const std::string& text, std::chrono::milliseconds grace) {
    return spec({"sh", "-c", text}, grace);
}

child_spec ProcessTest::python(const std::string& text, std::chrono::milliseconds grace) {
    return spec({"python3", "-S", "-c", "import os, signal, sys, time\n" + text}, grace);
}

std::unique_ptr<child> ProcessTest::start(const child_spec& what) {
    auto started = starter->launch(what);
    if (!started) throw std::runtime_error(started.error().message);
    return std::move(*started);
}

pid_t ProcessTest::program_pid() {
    pid_t pid = 0;
    const auto named = [&] {
        const auto object = parse_json(dir.text("shim.json"));
        if (object && object->contains("child")) pid = (*object)["child"]["pid"].get<pid_t>();
        return pid > 0;
    };
    EXPECT_TRUE(eventually(named)) << dir.text("shim.json");
    return pid;
}

void ProcessTest::wait_for_file(const std::string& name) {
    EXPECT_TRUE(eventually([&] { return fs::exists(dir.path() / name); })) << name << "\n"
                                                                           << dir.text("output.log");
}

void ProcessTest::run_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    io.restart();
    while (!done()) {
        if (std::chrono::steady_clock::now() > end) throw std::runtime_error("deadline passed");
        if (io.stopped()) io.restart();
        io.run_one_for(std::chrono::milliseconds(20));
    }
}

}  // namespace sparkgate::process
