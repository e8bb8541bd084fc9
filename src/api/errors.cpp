#include "errors.hpp"

#include "sparkgate/api/routes.hpp"
#include "sparkgate/base/json.hpp"

#include <algorithm>

namespace sparkgate::api {
namespace {

struct row {
    errc code;
    unsigned status;
    const char* meaning;  // for docs/http.md; the message says which field, name or file it is about
};

constexpr row table[] = {
    {errc::invalid_argument, 400, "the request is wrong; the message names the field and what was expected"},
    {errc::forbidden, 403, "the rules of this server forbid it"},
    {errc::not_found, 404,
     "there is no such session or batch; `reason` tells why where it was there and was removed"},
    {errc::conflict, 409, "an object of that name exists, or the state forbids it"},
    {errc::too_large, 413, "more than the limit that the message names"},
    {errc::mismatch, 422, "the request contradicts an earlier one with the same `Idempotency-Key`"},
    {errc::busy, 429, "a limit is reached; later it will work"},
    {errc::internal, 500, "a bug of the server"},
    {errc::unavailable, 503,
     "something that the server needs does not work now: the store, a disk, a driver"},
    {errc::no_space, 507, "a disk is full"},
};

unsigned status_of(errc code) {
    for (const auto& each : table)
        if (each.code == code) return each.status;
    return 500;
}

// Who was refused for the moment is told when to come again.
http::response with_retry_after(http::response out) {
    if (out.status == 429 || out.status == 503) out.headers.emplace_back("Retry-After", "5");
    return out;
}

}  // namespace

http::response msg_error(unsigned status, std::string_view message, std::string_view reason) {
    http::response out;
    out.status = status;
    out.body = "{\"msg\":";
    append_json_string(out.body, message);
    if (!reason.empty()) {
        out.body += ",\"reason\":";
        append_json_string(out.body, reason);
    }
    out.body += '}';
    return out;
}

http::response text_error(unsigned status, std::string_view message) {
    http::response out;
    out.status = status;
    append_json_string(out.body, message);
    return out;
}

http::response to_response(const error& e) {
    return with_retry_after(msg_error(status_of(e.code), e.message, e.reason));
}

std::string error_table_markdown() {
    std::string out = "| status | for |\n|---|---|\n";
    for (const auto& each : table)
        out += "| " + std::to_string(each.status) + " | " + each.meaning + " |\n";
    return out;
}

http::response server_error_response(const http::request& from, unsigned status, std::string_view message) {
    if (status != 404 && status != 405) return with_retry_after(msg_error(status, message));
    static constexpr std::string_view rest[] = {"sessions", "batches", "version"};
    http::response out;
    out.status = status;
    if (from.path.empty() || std::find(std::begin(rest), std::end(rest), from.path[0]) == std::end(rest))
        out.content_type = html;
    return out;
}

}  // namespace sparkgate::api
