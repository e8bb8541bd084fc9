// The keys that a session's conf may set for that session alone, as Livy's "livy.rsc.…" keys may. Pure.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/config/settings.hpp"

#include <map>
#include <string>
#include <string_view>

namespace sparkgate::config {

// With its prefix: "livy.rsc.sql.num-rows".
bool is_session_key(std::string_view key);

// The server's settings with what `conf` says over them; other keys of `conf` mean nothing here. Errors:
// invalid_argument, naming the key.
result<settings> settings_of_session(const settings& server, const std::map<std::string, std::string>& conf);

}  // namespace sparkgate::config
