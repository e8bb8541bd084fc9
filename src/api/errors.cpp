#include "errors.hpp"

#include "sparkgate/api/routes.hpp"
#include "sparkgate/base/json.hpp"

#include <algorithm>

namespace sparkgate::api {
namespace {

unsigned status_of(errc code) {
    switch (code) {
        case errc::invalid_argument:
            return 400;
        case errc::forbidden:
            return 403;
        case errc::not_found:
            return 404;
        case errc::conflict:
            return 409;
        case errc::mismatch:
            return 422;
        case errc::too_large:
            return 413;
        case errc::busy:
            return 429;
        case errc::unavailable:
            return 503;
        case errc::no_space:
            return 507;
        case errc::timeout:
            return 504;
        case errc::internal:
            return 500;
    }
    return 500;
}

// Who was refused for the moment is told when to come again.
http::response with_retry_after(http::response out) {
    if (out.status == 429 || out.status == 503) out.headers.emplace_back("Retry-After", "5");
    return out;
}

}  // namespace

http::response msg_error(unsigned status, std::string_view message) {
    http::response out;
    out.status = status;
    out.body = "{\"msg\":";
    append_json_string(out.body, message);
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
    return with_retry_after(msg_error(status_of(e.code), e.message));
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
