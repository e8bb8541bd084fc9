// /batches and what is below a batch.
#include "batch_body.hpp"
#include "errors.hpp"
#include "programs.hpp"
#include "views.hpp"

namespace sparkgate::api {
namespace {

json view(program& of, const log_lines& newest) {
    return batch_view(static_cast<session::batch&>(of), newest);
}

}  // namespace

awaitable<response> list_batches(context& api, const request& from, const path_values&) {
    co_return co_await list_programs(api.batches, from, view);
}

awaitable<response> create_batch(context& api, const request& from, const path_values&) {
    auto key = idempotency_key(from);
    if (!key) co_return to_response(key.error());
    auto parse = [&from] { return parse_batch_request(from.body); };
    auto wanted = co_await aside(api, from.body.size(), std::move(parse));
    if (!wanted) co_return text_error(400, wanted.error().message);
    if (wanted->file.empty())
        co_return msg_error(400, "Rejected, Reason: requirement failed: File is required.");
    if (const auto* user = from.parameter("doAs")) wanted->spark.proxy_user = *user;
    const auto created = co_await api.batches.create(std::move(*wanted), std::nullopt, std::move(*key));
    if (!created) co_return creation_refused(api, created.error());
    co_await give_way(from);
    co_return created_response("/batches", *created->what, created->replayed, view);
}

awaitable<response> get_batch(context& api, const request&, const path_values& path) {
    const auto found = api.batches.find_program(path[0]);
    if (!found) co_return to_response(found.error());
    co_return json_response(view_text(**found, view));
}

awaitable<response> get_batch_state(context& api, const request&, const path_values& path) {
    const auto found = api.batches.find_program(path[0]);
    if (!found) co_return to_response(found.error());
    co_return program_state(**found);
}

awaitable<response> get_batch_log(context& api, const request& from, const path_values& path) {
    const auto found = api.batches.find_program(path[0]);
    if (!found) co_return to_response(found.error());
    co_return co_await program_log(api.batches, *found, from);
}

awaitable<response> delete_batch(context& api, const request&, const path_values& path) {
    const auto found = api.batches.find_program(path[0]);
    if (!found) co_return to_response(found.error());
    co_return co_await remove_program(api.batches, *found);
}

}  // namespace sparkgate::api
