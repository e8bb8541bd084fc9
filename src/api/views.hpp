// The JSON that clients see: exactly Livy's keys in Livy's order.
#pragma once

#include "sparkgate/session/batch.hpp"
#include "sparkgate/session/session.hpp"

#include <string>

namespace sparkgate::api {

using log_lines = std::vector<std::string>;

// How a program is shown, with the last 10 lines of its log. What is kept of one is told apart by it.
using view_function = json (*)(session::program&, const log_lines&);

// The 23 fields of a session.
json session_view(session::session& from, const log_lines& newest);
// The first 9, all that Livy 0.7 has.
json session_view_0_7(session::session& from, const log_lines& newest);

// The 8 fields of a batch.
json batch_view(session::batch& from, const log_lines& newest);

// A statement as JSON text, appended; `output` is JSON text ("null" without) and goes in as it is.
void append_statement_view(std::string& out, const session::statement& from, const std::string& code,
                           const std::string& output);

// What changes while a statement is worked on: id, state, progress, started, completed.
json statement_progress(const session::statement& from);

// The text of a program's view. It is kept, if it is short, until that has changed or another view is asked
// for; its log is looked at for that.
std::string view_text(session::program& of, view_function view);

// The same where many are shown, in three steps, for logs must not be read on the event loop then: what is
// kept, if its log was looked at not longer ago than `tolerance`; else a look, on any thread; then the text.
const std::string* kept_view(session::program& of, view_function view, std::chrono::milliseconds tolerance);
struct log_look {
    process::log_file::stamp stamp;
    std::optional<log_lines> newest;  // nothing: the log is as it was
};
log_look look_at(const process::log_file& log, const std::optional<process::log_file::stamp>& known);
// The stamp of what is kept for that view, if it is otherwise as it was.
std::optional<process::log_file::stamp> known_stamp(session::program& of, view_function view);
std::string view_text(session::program& of, view_function view, const log_look& look);

// The newest of Livy's log lines, up to 10.
log_lines newest_lines(const process::log_file& log);

// Livy's log lines: a marker line "stdout: ", the lines, and a marker line "\nstderr: ".
struct log_page {
    std::int64_t from = 0, total = 0;
    std::vector<std::string> lines;
};
// `from` absent or negative: the last `size` lines; `size` negative: all, absent: 100. With `from` and
// without `size` the newest of the lines from there on: sparkmagic asks so for a whole log, whose end tells
// why a session died.
log_page read_log(process::log_index& log, std::optional<std::int64_t> from,
                  std::optional<std::int64_t> size);

}  // namespace sparkgate::api
