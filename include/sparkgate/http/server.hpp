// The HTTP server: one listener, one coroutine per connection, all on one event-loop thread.
// It knows nothing of Spark: it gets a router and the texts of its own errors.
#pragma once

#include "sparkgate/base/async.hpp"
#include "sparkgate/base/error.hpp"
#include "sparkgate/http/page_rules.hpp"
#include "sparkgate/http/router.hpp"
#include "sparkgate/http/tls.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sparkgate::http {

struct limits {
    std::size_t header_bytes = 48 * 1024;  // Boost 1.81 cannot take a larger field safely
    std::size_t header_fields = 100;
    std::size_t target_bytes = 8 * 1024;
    std::size_t body_bytes = 16u << 20;     // where the route does not say more
    std::size_t bodies_bytes = 512u << 20;  // in memory, of all connections
    std::size_t unread_bytes = 512u << 20;  // of answers that clients have not taken yet, of all connections
    std::size_t connections = 10'000;
    std::size_t connections_per_address = 1'000;  // of IPv6 per network of 64 bits; on this host per user
    std::size_t requests_per_connection = 10'000;
    // From the first byte of a request to the end of its header; for a TLS handshake, too.
    std::chrono::milliseconds header_timeout{10'000};
    std::chrono::milliseconds body_timeout{60'000};  // plus the time that bytes_per_second allows
    std::size_t bytes_per_second = 10 * 1024;
    std::chrono::milliseconds idle_timeout{120'000};  // keep-alive without a request
    std::chrono::milliseconds write_timeout{
        60'000};  // per response or piece of a stream, plus size at bytes_per_second
};

// What became of a request, for logs.
struct outcome {
    unsigned status =
        0;  // of the answer; 0: none, since the connection ended before the request had come whole
    std::size_t bytes = 0;  // of the answer's body that were sent
    std::chrono::microseconds took{0};
    bool client_went =
        false;  // it had ended its side before the answer was ready, which was sent nevertheless
};

struct server_options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8998;  // 0: a free one
    limits limit;
    tls_context tls;  // null: plain HTTP
    page_rules pages;
    // Headers of every response (security headers).
    std::vector<std::pair<std::string, std::string>> common_headers;
    // Asked before the route is looked for, may be empty: a response refuses the request.
    std::function<std::optional<response>(const request&)> refuse;
    // Responses of the server itself: 400, 403, 404, 405, 408, 413, 414, 417, 429, 431,
    // 500, 501, 503, 505. The request is as far as
    // it could be read; the message is one line for a person.
    std::function<response(const request&, unsigned status, std::string_view message)> error_response;
    // Runs what would hold up the event loop; resolves when it is done. Empty: it is run at once.
    std::function<awaitable<void>(std::function<void()>)> elsewhere;
    // Called once for each request (access log). One whose header did not come whole has no target.
    std::function<void(const request&, const outcome&)> on_answer;
};

class server {
public:
    virtual ~server() = default;

    // Binds and begins to accept; connections are served from then on. Errors: unavailable, one line
    // ("cannot listen on 127.0.0.1:8998: Address already in use").
    virtual result<void> start() = 0;

    // The bound port (after start).
    virtual std::uint16_t port() const = 0;

    // From now on for new connections; a server that was started with TLS keeps to TLS.
    virtual void use_tls(tls_context context) = 0;

    // Stops accepting, closes idle connections, lets running requests be answered with "Connection: close",
    // and resolves when none is left, at the latest after `deadline`, when the rest is cut.
    virtual awaitable<void> drain(std::chrono::milliseconds deadline) = 0;
};

std::unique_ptr<server> make_server(boost::asio::any_io_executor executor, router routes,
                                    server_options options);

}  // namespace sparkgate::http
