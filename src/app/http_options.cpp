#include "http_options.hpp"

#include "sparkgate/api/routes.hpp"
#include "sparkgate/obs/log.hpp"

#include <spdlog/spdlog.h>

#include <limits>

namespace sparkgate::app {
namespace {

constexpr unsigned client_went = 499;  // nginx's word for it

obs::access_entry entry_of(const http::request& from, const http::outcome& what) {
    const auto header = [&from](std::string_view name) {
        const auto* found = from.header(name);
        return found ? std::string_view(*found) : std::string_view();
    };
    return {.remote_address = from.remote_address,
            .user = from.certificate.subject,
            .method = http::to_string(from.sent_verb),
            .target = from.target,
            .referer = header("referer"),
            .user_agent = header("user-agent"),
            .request_id = from.id,
            .status = what.status == 0 || what.client_went ? client_went : what.status,
            .version = from.version,
            .bytes = what.bytes,
            .took = what.took};
}

// A number of the configuration where 0 means any number.
std::size_t or_any(int number) {
    return number == 0 ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(number);
}

http::limits server_limits(const config::settings& s) {
    http::limits out;
    out.header_bytes = s.request_header_size.value;
    out.header_fields = static_cast<std::size_t>(s.max_header_fields);
    out.target_bytes = s.request_target_size.value;
    out.body_bytes = s.request_body_size.value;
    out.bodies_bytes = s.request_bodies_size.value;
    out.unread_bytes = s.unread_answers_size.value;
    out.connections = static_cast<std::size_t>(s.max_connections);
    out.connections_per_address = or_any(s.max_connections_per_address);
    out.requests_per_connection = or_any(s.max_requests_per_connection);
    out.header_timeout = s.header_timeout;
    out.body_timeout = s.body_timeout;
    out.bytes_per_second = s.min_transfer_rate.value;
    out.idle_timeout = s.keep_alive_timeout;
    out.write_timeout = s.write_timeout;
    return out;
}

}  // namespace

http::server_options http_options(const config::settings& s, http::page_rules pages, http::tls_context tls,
                                  std::optional<obs::access_log>& access, worker_pool& workers) {
    http::server_options out;
    out.pages = std::move(pages);
    out.host = s.server_host;
    out.port = s.server_port;
    out.limit = server_limits(s);
    if (s.security_headers)
        out.common_headers = {{"X-Frame-Options", s.x_frame_options},
                              {"X-XSS-Protection", s.x_xss_protection},
                              {"Content-Security-Policy", s.content_security_policy},
                              {"X-Content-Type-Options", s.x_content_type_options}};
    if (s.send_server_version) out.common_headers.emplace_back("Server", "sparkgate/" SPARKGATE_VERSION);
    if (s.security_headers && tls)
        out.common_headers.emplace_back("Strict-Transport-Security", s.strict_transport_security);
    out.tls = std::move(tls);
    std::erase_if(out.common_headers, [](const auto& header) { return header.second.empty(); });
    out.refuse = [&s](const http::request& from) { return api::refuse(from, s); };
    out.error_response = api::server_error_response;
    out.elsewhere = [&workers](std::function<void()> work) {
        return workers.run(lane::quick, std::move(work));
    };
    out.on_answer = [&access](const http::request& from, const http::outcome& what) {
        if (access) access->write(entry_of(from, what));
        if (!spdlog::should_log(spdlog::level::debug)) return;  // before its texts are made
        const auto& client = from.certificate.subject;
        spdlog::debug("{} {} {} {} {} B {} us{}{}", from.id, http::to_string(from.verb),
                      obs::printable(from.target), what.status, what.bytes, what.took.count(),
                      client.empty() ? "" : " by ", obs::printable(client));
    };
    return out;
}

}  // namespace sparkgate::app
