// Which members of a collection a list shows: ?state=&owner=&name=&since=, and their order. Not in Livy.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/http/message.hpp"
#include "sparkgate/session/program.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sparkgate::api {

struct program_filter {
    std::vector<session::session_state> states;  // any of them; empty: every state
    std::optional<std::string> owner, name;
    std::optional<epoch_ms> since;  // created then or later
    bool newest_first = false;

    bool empty() const { return states.empty() && !owner && !name && !since; }
    bool matches(const session::program& one) const;
};

// Errors: invalid_argument, naming the parameter.
result<program_filter> parse_filter(const http::request& from);

}  // namespace sparkgate::api
