// The states of sessions and statements, and how events change them. Pure: functions of (state, event).
// Source of the words and of the order that clients rely on: Livy's SessionState, StatementState.
#pragma once

#include <optional>
#include <string_view>

namespace sparkgate::session {

enum class session_state {
    not_started,
    starting,
    recovering,
    idle,
    running,
    busy,
    shutting_down,
    error,
    dead,
    killed,
    success
};

enum class session_event {
    driver_ready,   // the driver has a SparkContext and takes statements
    work_begins,    // a statement was handed to the driver
    work_ends,      // no statement waits or runs
    start_failed,   // the driver said so, or the time to start is over
    stop_asked,     // DELETE, stop, expiry
    program_ended,  // spark-submit has ended (whatever the reason)
    all_gone,       // no process of the session is left
};

inline constexpr session_state all_session_states[] = {
    session_state::not_started, session_state::starting, session_state::recovering,    session_state::idle,
    session_state::running,     session_state::busy,     session_state::shutting_down, session_state::error,
    session_state::dead,        session_state::killed,   session_state::success};
inline constexpr session_event all_session_events[] = {
    session_event::driver_ready, session_event::work_begins, session_event::work_ends,
    session_event::start_failed, session_event::stop_asked,  session_event::program_ended,
    session_event::all_gone};

// The state after the event; nothing when the event means nothing in this state (it comes late, say).
std::optional<session_state> after(session_state now, session_event what);

// Of a batch, which has fewer states: starting, running, and an end.
enum class batch_event {
    runs,       // its program runs; in a cluster: its application does
    succeeded,  // it has ended with exit code 0
    failed,     // it has ended otherwise, or could not be started
    killed,     // it has ended because the gateway ended it
};

inline constexpr batch_event all_batch_events[] = {batch_event::runs, batch_event::succeeded,
                                                   batch_event::failed, batch_event::killed};

std::optional<session_state> after(session_state now, batch_event what);

// Livy's "active": all but shutting_down, dead, killed, success.
bool is_active(session_state state);
// dead, killed, success, error.
bool is_finished(session_state state);
std::string_view to_string(session_state state);
std::optional<session_state> parse_session_state(std::string_view word);

enum class statement_state { waiting, running, available, cancelling, cancelled };

enum class statement_event {
    sent,           // handed to the driver
    cancel_asked,   // by a client
    completed,      // the driver's result, whether status ok or error
    stopped,        // the driver's word that the code was stopped by the cancel
    session_ended,  // no driver is left to end it
};

inline constexpr statement_state all_statement_states[] = {
    statement_state::waiting, statement_state::running, statement_state::available,
    statement_state::cancelling, statement_state::cancelled};
inline constexpr statement_event all_statement_events[] = {
    statement_event::sent, statement_event::cancel_asked, statement_event::completed,
    statement_event::stopped, statement_event::session_ended};

std::optional<statement_state> after(statement_state now, statement_event what);

// available, cancelled.
bool is_final(statement_state state);
std::string_view to_string(statement_state state);

}  // namespace sparkgate::session
