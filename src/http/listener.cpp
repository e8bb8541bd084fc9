#include "http/listener.hpp"

#include "http/connection.hpp"

#include "sparkgate/base/spawn.hpp"

#include <spdlog/spdlog.h>

#include <fcntl.h>

namespace sparkgate::http {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr int backlog = 4096;
constexpr auto pause_after_failure = std::chrono::milliseconds(50);

unique_fd open_spare() {
    return unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

error_code listen_on(tcp::acceptor& acceptor, const tcp::endpoint& where) {
    error_code ec;
    acceptor.open(where.protocol(), ec);
    if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor.bind(where, ec);
    if (!ec) acceptor.listen(backlog, ec);
    if (!ec) acceptor.non_blocking(true, ec);
    if (ec) {
        error_code ignored;
        acceptor.close(ignored);
    }
    return ec;
}

}  // namespace

listener::listener(std::shared_ptr<server_state> state, const asio::any_io_executor& executor)
    : state_(std::move(state)), acceptor_(executor), pause_(executor), spare_(open_spare()) {}

result<void> listener::open() {
    const auto& options = state_->options;
    auto host = options.host;
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    error_code ec;
    tcp::resolver resolver(acceptor_.get_executor());
    const auto found = resolver.resolve(host, std::to_string(options.port),
                                        tcp::resolver::passive | tcp::resolver::numeric_service, ec);
    for (const auto& each : found) {
        ec = listen_on(acceptor_, each.endpoint());
        if (!ec) break;
    }
    if (ec)
        return fail(errc::unavailable, "cannot listen on " + options.host + ":" +
                                           std::to_string(options.port) + ": " + ec.message());
    port_ = acceptor_.local_endpoint(ec).port();
    return {};
}

awaitable<void> listener::run(std::shared_ptr<listener> self) {
    while (self->acceptor_.is_open()) {
        auto [ec, socket] = co_await self->acceptor_.async_accept(as_tuple);
        if (!ec) {
            self->admit(std::move(socket));
        } else if (ec != asio::error::operation_aborted) {
            self->accept_failed(ec);
            self->pause_.expires_after(pause_after_failure);
            co_await self->pause_.async_wait(as_tuple);
        }
    }
}

void listener::admit(tcp::socket socket) {
    error_code ec;
    const auto client = socket.remote_endpoint(ec);
    const auto here = socket.local_endpoint(ec);
    if (ec) return;  // it has gone already
    auto place = state_->places.enter(client.address(), users_.at(client, here));
    if (!place) return;
    auto serving = serve(std::move(socket), state_, std::move(*place));
    spawn(acceptor_.get_executor(), "a connection", std::move(serving));
}

void listener::accept_failed(error_code failure) {
    spdlog::warn("accept: {}", failure.message());
    if (failure != asio::error::no_descriptors && failure.value() != ENFILE) return;
    spare_.reset();
    error_code ignored;
    { const tcp::socket turned_away = acceptor_.accept(ignored); }
    spare_ = open_spare();
}

void listener::stop() {
    error_code ec;
    while (acceptor_.is_open() && !ec) {
        auto socket = acceptor_.accept(ec);
        if (!ec) admit(std::move(socket));
    }
    acceptor_.close(ec);
    pause_.cancel();
}

}  // namespace sparkgate::http
