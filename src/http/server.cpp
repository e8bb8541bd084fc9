#include "sparkgate/http/server.hpp"

#include "http/listener.hpp"
#include "http/server_state.hpp"

#include "sparkgate/base/spawn.hpp"

namespace sparkgate::http {
namespace {

class server_impl final : public server {
public:
    server_impl(asio::any_io_executor executor, router routes, server_options options)
        : executor_(executor),
          state_(std::make_shared<server_state>(executor, std::move(routes), std::move(options))),
          listener_(std::make_shared<listener>(state_, executor)) {}

    ~server_impl() override {
        listener_->stop();
        state_->stop();
    }

    result<void> start() override {
        if (auto opened = listener_->open(); !opened) return opened.error();
        spawn(executor_, "accepting connections", listener::run(listener_), if_it_fails::end_process);
        return {};
    }

    std::uint16_t port() const override { return listener_->port(); }

    void use_tls(tls_context context) override {
        if (state_->tls && context) state_->tls = std::move(context);
    }

    awaitable<void> drain(std::chrono::milliseconds deadline) override {
        listener_->stop();
        co_await state_->drain(deadline);
    }

private:
    const asio::any_io_executor executor_;
    const std::shared_ptr<server_state> state_;
    const std::shared_ptr<listener> listener_;
};

}  // namespace

std::unique_ptr<server> make_server(asio::any_io_executor executor, router routes, server_options options) {
    return std::make_unique<server_impl>(std::move(executor), std::move(routes), std::move(options));
}

}  // namespace sparkgate::http
