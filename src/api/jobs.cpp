// Livy's programmatic jobs: closures that Livy's own jars serialise and run inside its driver. This driver
// has none of them, so that every job is refused, in words that a user of such a client can act on.
#include "body.hpp"
#include "errors.hpp"
#include "handlers.hpp"
#include "parameters.hpp"

namespace sparkgate::api {

awaitable<response> submit_job(context& api, const request& from, const path_values& path) {
    static const std::vector<std::string> fields{"job", "jobType"};
    const auto found = find_session(api, path[0]);
    if (!found) co_return to_response(found.error());
    auto body =
        body_reader::parse(from.body, "org.apache.livy.client.common.HttpMessages$SerializedJob", fields);
    if (!body) co_return text_error(400, body.error().message);
    const auto job = body->text("job");
    body->text("jobType");  // has no meaning here, but has to be a text
    if (body->error()) co_return text_error(400, body->error()->message);
    if (!job || job->empty()) co_return msg_error(400, "requirement failed: no job provided.");
    co_return msg_error(501,
                        "Jobs (submit-job, run-job) are not supported: they need Livy's own driver. Send the "
                        "code as a statement, or submit the program as a batch.");
}

namespace {

response unknown_job(const context& api, const path_values& path) {
    const auto found = find_session(api, path[0]);
    if (!found) return to_response(found.error());
    const auto id = parse_int(path[1]);
    return id ? text_error(404, "Job not found") : to_response(id.error());
}

}  // namespace

awaitable<response> get_job(context& api, const request&, const path_values& path) {
    co_return unknown_job(api, path);
}

awaitable<response> cancel_job(context& api, const request&, const path_values& path) {
    co_return unknown_job(api, path);
}

}  // namespace sparkgate::api
