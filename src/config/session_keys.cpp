#include "sparkgate/config/session_keys.hpp"

#include "keys.hpp"

#include <algorithm>

namespace sparkgate::config {
namespace {

// Only what concerns nobody else: Livy lets a session set every key, also those that run its driver inside
// the server.
constexpr std::string_view session_keys[] = {"rsc.job-cancel.timeout", "rsc.retained-statements",
                                             "rsc.server.connect.timeout", "rsc.sql.num-rows"};

std::string_view canonical(std::string_view key) {
    const auto plain = plain_key(key);
    const auto now = current_name(plain);
    return now.empty() ? plain : now;
}

}  // namespace

bool is_session_key(std::string_view key) {
    return key.starts_with("livy.") &&
           std::ranges::find(session_keys, canonical(key)) != std::end(session_keys);
}

result<settings> settings_of_session(const settings& server, const std::map<std::string, std::string>& conf) {
    settings out = server;
    for (const auto& [key, value] : conf) {
        if (!is_session_key(key)) continue;
        if (auto done = find_option(canonical(key))->assign(out, value); !done)
            return fail(errc::invalid_argument, key + " = \"" + value + "\": " + done.error().message);
    }
    // The memory is everybody's.
    out.retained_statements = std::min(out.retained_statements, std::max(server.retained_statements, 10'000));
    return out;
}

}  // namespace sparkgate::config
