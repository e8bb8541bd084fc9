// When a session ends, or an ended one is forgotten, without anybody asking for it, and why. Pure.
//
// Source of the rules: Livy's SessionManager and heartbeat watchdog. What differs: the times are exact, work
// stops the clocks by default, and a session's own ttl and idleTimeout count whatever the server's switches
// say.
#pragma once

#include "sparkgate/config/settings.hpp"
#include "sparkgate/session/request.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace sparkgate::session {

// Monotonic: a corrected wall clock ends no session.
using time_point = std::chrono::steady_clock::time_point;

enum class occupation {
    busy,  // it starts, or a statement runs or waits
    idle,
    ending,  // its processes are being stopped
    ended,   // only its log and record are left
};

struct session_clocks {
    time_point started;
    time_point last_activity;  // of a client that uses it, or the moment in which it became idle
    time_point last_contact;   // any request about it
    time_point ended;          // means something once it has ended
};

struct expiry_rules {
    // Nothing: never. Retention counts from the end, each other from the clock of its name.
    std::optional<std::chrono::milliseconds> idle_timeout, ttl, heartbeat, retention;
    bool skip_busy = true;  // while it is busy neither idle timeout nor ttl ends it
};

// The request's own times before the server's. Zero is never, in both: taken literally it would end every
// session at birth. (Negative times are refused when they are parsed; a negative heartbeat is off as in
// Livy.)
expiry_rules rules_for(const config::settings& server, const session_request& request);

struct expiry {
    time_point when;
    std::string why;  // "idle for 1h"
};

// What comes first of all that can happen while nothing changes; nothing: it stays as it is.
std::optional<expiry> next_expiry(occupation now, const session_clocks& clocks, const expiry_rules& rules);

}  // namespace sparkgate::session
