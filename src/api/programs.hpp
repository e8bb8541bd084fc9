// What /sessions and /batches have in common: lists, states, logs, removal, and the frame of a creation.
#pragma once

#include "handlers.hpp"
#include "views.hpp"

namespace sparkgate::api {

using session::program;
using session::program_manager;
using session::program_pointer;

// A page of the collection: Livy's from and size; state, owner, name, since and order are sparkgate's own.
awaitable<response> list_programs(const program_manager& all, const request& from, view_function view);

response program_state(const program& of);

// Livy's log of one, by lines: ?from=&size=; with ?follow=true as a stream (log_stream.hpp). `of` is kept
// alive.
awaitable<response> program_log(const program_manager& all, program_pointer of, const request& from);

awaitable<response> remove_program(program_manager& from, program_pointer which);

// The request's Idempotency-Key. Errors: invalid_argument.
result<std::optional<std::string>> idempotency_key(const request& from);

// The answer to a creation: 201 with its place, or the refusal in Livy's form.
response created_response(const char* collection, program& what, bool replayed, view_function view);
response creation_refused(const context& api, const error& why);

}  // namespace sparkgate::api
