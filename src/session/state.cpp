#include "sparkgate/session/state.hpp"

namespace sparkgate::session {

std::optional<session_state> after(session_state now, session_event what) {
    using s = session_state;
    using e = session_event;
    if (is_finished(now)) return {};
    switch (what) {
        case e::driver_ready:
            return now == s::starting ? std::optional(s::idle) : std::nullopt;
        case e::work_begins:
            return now == s::idle ? std::optional(s::busy) : std::nullopt;
        case e::work_ends:
            return now == s::busy ? std::optional(s::idle) : std::nullopt;
        case e::start_failed:
            return now == s::starting ? std::optional(s::shutting_down) : std::nullopt;
        case e::stop_asked:
            return now == s::shutting_down ? std::nullopt : std::optional(s::shutting_down);
        case e::program_ended:
        case e::all_gone:
            return s::dead;
    }
    return {};
}

std::optional<session_state> after(session_state now, batch_event what) {
    using s = session_state;
    if (is_finished(now)) return {};
    switch (what) {
        case batch_event::runs:
            return now == s::starting ? std::optional(s::running) : std::nullopt;
        case batch_event::succeeded:
            return s::success;
        case batch_event::failed:
            return s::dead;
        case batch_event::killed:
            return s::killed;
    }
    return {};
}

bool is_active(session_state state) {
    return state != session_state::shutting_down && (!is_finished(state) || state == session_state::error);
}

bool is_finished(session_state state) {
    return state == session_state::dead || state == session_state::killed ||
           state == session_state::success || state == session_state::error;
}

std::string_view to_string(session_state state) {
    switch (state) {
        case session_state::not_started:
            return "not_started";
        case session_state::starting:
            return "starting";
        case session_state::recovering:
            return "recovering";
        case session_state::idle:
            return "idle";
        case session_state::running:
            return "running";
        case session_state::busy:
            return "busy";
        case session_state::shutting_down:
            return "shutting_down";
        case session_state::error:
            return "error";
        case session_state::dead:
            return "dead";
        case session_state::killed:
            return "killed";
        case session_state::success:
            return "success";
    }
    return "";
}

std::optional<session_state> parse_session_state(std::string_view word) {
    for (const auto state : all_session_states)
        if (to_string(state) == word) return state;
    return {};
}

std::optional<statement_state> after(statement_state now, statement_event what) {
    using s = statement_state;
    using e = statement_event;
    switch (now) {
        case s::waiting:
            if (what == e::sent) return s::running;
            if (what == e::cancel_asked || what == e::session_ended) return s::cancelled;
            return {};
        case s::running:
            if (what == e::cancel_asked) return s::cancelling;
            if (what == e::completed || what == e::session_ended) return s::available;
            if (what == e::stopped) return s::cancelled;
            return {};
        case s::cancelling:
            if (what == e::completed) return s::available;  // it finished before the cancel reached it
            if (what == e::stopped || what == e::session_ended) return s::cancelled;
            return {};
        case s::available:
        case s::cancelled:
            return {};
    }
    return {};
}

bool is_final(statement_state state) {
    return state == statement_state::available || state == statement_state::cancelled;
}

std::string_view to_string(statement_state state) {
    switch (state) {
        case statement_state::waiting:
            return "waiting";
        case statement_state::running:
            return "running";
        case statement_state::available:
            return "available";
        case statement_state::cancelling:
            return "cancelling";
        case statement_state::cancelled:
            return "cancelled";
    }
    return "";
}

}  // namespace sparkgate::session
