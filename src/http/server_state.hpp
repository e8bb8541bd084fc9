// What all connections of a server share, and the list of them. Event-loop thread only. Connections hold it
// by shared_ptr, so it outlives the server object when coroutines are still unwinding.
#pragma once

#include "http/admission.hpp"
#include "http/page_guard.hpp"

#include "sparkgate/base/budget.hpp"
#include "sparkgate/http/server.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>
#include <unordered_set>

namespace sparkgate::http {

class connection;

class server_state : public std::enable_shared_from_this<server_state> {
public:
    server_state(asio::any_io_executor executor, router routes, server_options options);

    const router routes;
    const server_options options;
    const std::string common_headers;  // as header_lines makes them
    const page_guard pages;
    tls_context tls;  // for new connections

    admission places;
    budget bodies, unread;  // see limits

    bool draining() const { return draining_; }

    // A connection adds itself for its whole life.
    void add(connection& one);
    void remove(connection& one);

    // Ends the connections that have been reading their answers longest, but `writer`, until all that is
    // unread is within its budget.
    void make_room(const connection& writer);

    // Short and unique among gateways and restarts: random part of this process, "-", a count.
    std::string next_request_id();

    // See server::drain; the caller has closed the listener.
    awaitable<void> drain(std::chrono::milliseconds deadline);

    // Cuts every connection and stops the timers.
    void stop();

private:
    static awaitable<void> watch_deadlines(std::shared_ptr<server_state> self);
    void cut_all();

    asio::any_io_executor executor_;
    std::unordered_set<connection*> connections_;
    asio::steady_timer watch_;  // one timer for the deadlines of all connections
    bool watching_ = false;
    asio::steady_timer drained_;  // cancelled when the last connection has gone
    bool draining_ = false;
    const std::string id_prefix_;
    std::uint64_t last_id_ = 0;
};

}  // namespace sparkgate::http
