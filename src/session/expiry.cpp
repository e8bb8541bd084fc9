#include "sparkgate/session/expiry.hpp"

#include "sparkgate/base/time.hpp"

#include <algorithm>

namespace sparkgate::session {
namespace {

using std::chrono::milliseconds;

std::optional<milliseconds> unless_zero(milliseconds time) {
    return time > milliseconds(0) ? std::optional(time) : std::nullopt;
}

// The request's time; without one the server's, if it is switched on.
std::optional<milliseconds> limit(const std::optional<std::string>& own, bool checked, milliseconds general) {
    if (own)
        if (const auto time = parse_time(*own)) return unless_zero(*time);
    return checked ? unless_zero(general) : std::nullopt;
}

// Times may be as long as a clock can count: their sum must not wrap around to the past. `since` is negative
// where it was before the machine's start.
time_point later(time_point since, milliseconds time) {
    const auto room = time_point::max() - std::max(since, time_point());
    return room < time ? time_point::max() : since + time;
}

}  // namespace

expiry_rules rules_for(const config::settings& server, const session_request& request) {
    expiry_rules out;
    out.idle_timeout = limit(request.idle_timeout, server.timeout_check, server.session_timeout);
    out.ttl = limit(request.ttl, server.ttl_check, server.session_ttl);
    out.heartbeat = unless_zero(std::chrono::seconds(request.heartbeat_timeout_s));
    out.retention = unless_zero(server.state_retain);
    out.skip_busy = server.timeout_skips_busy;
    return out;
}

std::optional<expiry> next_expiry(occupation now, const session_clocks& clocks, const expiry_rules& rules) {
    std::optional<expiry> next;
    const auto consider = [&next](time_point since, milliseconds time, std::string why) {
        const auto when = later(since, time);
        if (!next || when < next->when) next = expiry{when, std::move(why)};
    };
    if (now == occupation::ended) {
        if (rules.retention)
            consider(clocks.ended, *rules.retention, "ended " + time_text(*rules.retention) + " ago");
        return next;
    }
    if (now == occupation::ending) return next;
    const bool counts = now == occupation::idle || !rules.skip_busy;
    if (counts && rules.idle_timeout)
        consider(clocks.last_activity, *rules.idle_timeout, "idle for " + time_text(*rules.idle_timeout));
    if (counts && rules.ttl)
        consider(clocks.started, *rules.ttl, "older than its ttl of " + time_text(*rules.ttl));
    if (rules.heartbeat) {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*rules.heartbeat).count();
        consider(clocks.last_contact, *rules.heartbeat, "no heartbeat for " + std::to_string(seconds) + " s");
    }
    return next;
}

}  // namespace sparkgate::session
