#include "shim_files.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/base/json.hpp"
#include "sparkgate/base/own_file.hpp"

#include <climits>

#include <charconv>
#include <fcntl.h>

namespace sparkgate::process {

namespace {

// The field of that number in the text of /proc/<pid>/stat, counted from 1 as in proc(5); empty if there is
// none. For fields after the second: that is the program's name in parentheses and may hold blanks and
// parentheses.
std::string_view stat_field(std::string_view stat, int number) {
    const auto name_end = stat.rfind(')');
    if (name_end == std::string_view::npos) return {};
    stat.remove_prefix(name_end + 1);
    for (int at = 3;; ++at) {
        if (stat.empty()) return {};
        stat.remove_prefix(1);  // the blank
        const auto field = stat.substr(0, stat.find_first_of(" \n"));
        if (at == number) return field;
        stat.remove_prefix(field.size());
    }
}

struct process_state {
    identity who;
    bool ended;  // a zombie: nobody has reaped it yet
};

result<process_state> read_state(pid_t pid) {
    const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    const auto boot_id = read_file("/proc/sys/kernel/random/boot_id");
    if (!stat) return stat.error();
    if (!boot_id) return boot_id.error();
    const std::string_view state = stat_field(*stat, 3);
    const std::string_view start = stat_field(*stat, 22);
    process_state out{{pid, 0, boot_id->substr(0, boot_id->find('\n'))}, state == "Z" || state == "X"};
    const auto parsed = std::from_chars(start.data(), start.data() + start.size(), out.who.start_time);
    if (start.empty() || parsed.ec != std::errc())
        return fail(errc::not_found, "cannot read the state of process " + std::to_string(pid));
    return out;
}

}  // namespace

result<identity> identify(pid_t pid) {
    const auto state = read_state(pid);
    if (state && !state->ended) return state->who;
    return fail(errc::not_found, "no process " + std::to_string(pid) + " is running");
}

result<identity> identify_child(pid_t pid) {
    const auto state = read_state(pid);
    if (!state) return state.error();
    return state->who;
}

bool is_running(const identity& who) {
    const auto now = identify(who.pid);
    return now && *now == who;
}

// As the launcher starts it: sparkgate-shim --dir DIR …
std::filesystem::path guarded_by(pid_t pid) {
    const unique_fd file(::open(("/proc/" + std::to_string(pid) + "/cmdline").c_str(), O_RDONLY | O_CLOEXEC));
    char begin[2 * PATH_MAX + 64];
    const ssize_t n = file ? ::read(file.get(), begin, sizeof begin) : 0;
    std::string_view rest(begin, n > 0 ? static_cast<std::size_t>(n) : 0);
    const auto next = [&rest] {
        const auto end = std::min(rest.find('\0'), rest.size());
        const auto word = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        return word;
    };
    if (!next().ends_with("/sparkgate-shim") || next() != "--dir") return {};
    return std::filesystem::path(next());
}

std::map<std::filesystem::path, pid_t> running_shims() {
    std::map<std::filesystem::path, pid_t> out;
    std::error_code ec;
    for (std::filesystem::directory_iterator entry("/proc", ec), end; !ec && entry != end;
         entry.increment(ec)) {
        const auto name = entry->path().filename().string();
        pid_t pid = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (parsed.ptr != name.data() + name.size()) continue;
        if (auto directory = guarded_by(pid); !directory.empty()) out[std::move(directory)] = pid;
    }
    return out;
}

result<identity> read_shim_identity(const std::filesystem::path& dir) {
    const auto path = dir / identity_file;
    const auto text = read_own_file(path, 1 << 16);
    if (!text) return text.error();
    const auto object = parse_json(*text);
    if (!object) return fail(errc::invalid_argument, path.string() + ": " + object.error().message);
    if (object->is_object() && object->contains("pid") && object->contains("start_time") &&
        object->contains("boot_id")) {
        const json& pid = (*object)["pid"];
        const json& start_time = (*object)["start_time"];
        const json& boot_id = (*object)["boot_id"];
        if (pid.is_number_unsigned() && start_time.is_number_unsigned() && boot_id.is_string())
            return identity{.pid = pid.get<pid_t>(),
                            .start_time = start_time.get<std::uint64_t>(),
                            .boot_id = boot_id.get<std::string>()};
    }
    return fail(errc::invalid_argument, path.string() + " does not name a process");
}

}  // namespace sparkgate::process
