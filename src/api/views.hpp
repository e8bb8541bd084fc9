// The JSON that clients see: exactly Livy's keys in Livy's order.
#pragma once

#include "sparkgate/session/batch.hpp"
#include "sparkgate/session/session.hpp"

#include <string>

namespace sparkgate::api {

// How a program is shown. What is kept of one is told apart by it.
using view_function = json (*)(session::program&);

// The 23 fields of a session, with the last 10 lines of its log.
json session_view(session::session& from);
// The first 9, all that Livy 0.7 has.
json session_view_0_7(session::session& from);

// The 8 fields of a batch, with the last 10 lines of its log.
json batch_view(session::batch& from);

// A statement as JSON text; `output` is JSON text ("null" without) and goes in as it is.
std::string statement_view(const session::statement& from, const std::string& output);

// What changes while a statement is worked on: id, state, progress, started, completed.
json statement_progress(const session::statement& from);

// The text of a program's view, kept until that has changed or another view is asked for; whether its log has
// is looked up when that was done longer ago than `tolerance`.
const std::string& view_text(session::program& of, view_function view,
                             std::chrono::milliseconds tolerance = {});

// The newest of Livy's log lines, up to 10.
std::vector<std::string> newest_lines(const process::log_file& log);

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
