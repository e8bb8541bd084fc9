#include "shim_files.hpp"

#include "sparkgate/base/json.hpp"
#include "sparkgate/base/own_file.hpp"
#include "sparkgate/obs/log.hpp"

#include <cstring>

namespace sparkgate::process {

std::string exit_status::text() const {
    if (!problem.empty()) return problem;
    if (code) return "exit code " + std::to_string(*code);
    if (!signal) return "ended for an unknown reason";
    const char* name = ::sigabbrev_np(*signal);
    return "killed by signal " + std::to_string(*signal) + (name ? " (" + std::string(name) + ")" : "");
}

result<exit_status> read_exit(const std::filesystem::path& dir) {
    const auto path = dir / exit_file;
    const auto text = read_own_file(path, 1 << 16);
    if (!text) return text.error();
    const auto object = parse_json(*text);
    if (!object) return fail(errc::invalid_argument, path.string() + ": " + object.error().message);

    exit_status status;
    if (object->is_object()) {
        for (const auto& [key, value] : object->items()) {
            if (key == "code" && value.is_number_integer()) status.code = value.get<int>();
            if (key == "signal" && value.is_number_integer()) status.signal = value.get<int>();
            if (key == "problem" && value.is_string())
                status.problem = obs::printable(value.get<std::string>(), 1000);
            if (key == "ended_by_us" && value.is_boolean()) status.ended_by_us = value.get<bool>();
        }
    }
    if (!status.code && !status.signal && status.problem.empty())
        return fail(errc::invalid_argument, path.string() + " does not say how the program ended");
    return status;
}

}  // namespace sparkgate::process
