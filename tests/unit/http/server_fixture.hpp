// A real server on a free loopback port, in its own thread, with a few routes:
//   GET /hello          "hello"
//   GET,POST /echo      the verb, the body and the query of the request; counted
//   DELETE /echo        the same
//   GET /big            9 MB
//   GET /wait           answers when release() is called; counted when it has ended
//   GET /throw          a handler with a bug
//   GET /nothing        204
//   GET /who            the subject and common name of the client's certificate
// With SPARKGATE_TEST_TLS in the environment, and for tests that ask for it, it speaks TLS, and so do its
// clients.
#pragma once

#include "support/certificates.hpp"
#include "support/raw_http.hpp"
#include "support/temp_dir.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/http/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sparkgate::test {

inline http::response text(std::string body, unsigned status = 200) {
    http::response out;
    out.status = status;
    out.body = std::move(body);
    return out;
}

class http_server : public ::testing::Test {
protected:
    http_server() {
        options.port = 0;
        if (std::getenv("SPARKGATE_TEST_TLS")) speak_tls();
        options.common_headers = {{"X-Frame-Options", "SAMEORIGIN"}};
        options.error_response = [](const http::request&, unsigned status, std::string_view message) {
            return text("{\"msg\":\"" + std::string(message) + "\"}", status);
        };
        options.on_answer = [this](const http::request& asked, const http::outcome& what) {
            const std::lock_guard lock(log_mutex_);
            log_.push_back(std::string(to_string(asked.verb)) + " " + asked.target + " " +
                           std::to_string(what.status) + " " + std::to_string(what.bytes) +
                           (what.client_went ? " gone" : ""));
        };
    }

    ~http_server() override {
        if (!thread_.joinable()) return;
        on_loop([this] {
            server_.reset();
            release_->cancel();
            return 0;
        });
        work_.reset();
        thread_.join();
    }

    // Tests change `options` and `more_routes` first.
    void start() {
        release_ = std::make_unique<boost::asio::steady_timer>(loop, std::chrono::hours(1));
        server_ = http::make_server(loop.get_executor(), http::router(all_routes()), options);
        const auto started = server_->start();
        ASSERT_TRUE(started) << started.error().message;
        port = server_->port();
        thread_ = std::thread([this] {
            // No catch: an exception out of run() has to end the test program.
            loop.run();
            ++runs_ended;
        });
    }

    raw_http connect() const { return raw_http(port, client_tls.get()); }

    // From the next start on. `rules`: all but certificate and key.
    void speak_tls(http::tls_options rules = {}) {
        rules.certificate = write("server.pem", server_certificate.pem() + server_certificate.key_pem());
        auto loaded = http::load_tls(rules);
        ASSERT_TRUE(loaded) << loaded.error().message;
        options.tls = loaded->context;
        client_tls = http::tls_context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(client_tls.get()), server_certificate.get());
        SSL_CTX_set_verify(client_tls.get(), SSL_VERIFY_PEER, nullptr);
    }

    std::filesystem::path write(const std::string& name, const std::string& text) const {
        EXPECT_TRUE(write_file_atomically(files.path() / name, text));
        return files.path() / name;
    }

    // Lets the waiting handlers answer.
    void release() {
        on_loop([this] { return release_->cancel(); });
    }

    std::future<void> drain(std::chrono::milliseconds deadline) {
        auto draining = server_->drain(deadline);
        return boost::asio::co_spawn(loop, std::move(draining), boost::asio::use_future);
    }

    std::vector<std::string> access_log() {
        const std::lock_guard lock(log_mutex_);
        return log_;
    }

    // Waits until `what` holds; false after 10 s.
    template <class Condition>
    static bool eventually(Condition what) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (std::chrono::steady_clock::now() < end) {
            if (what()) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        return false;
    }

    const temp_dir files;
    const certificate server_certificate{certificate::subject{}};
    http::tls_context client_tls;  // null: clients do not speak TLS
    http::server_options options;
    std::vector<http::route> more_routes;
    boost::asio::io_context loop{1};
    std::uint16_t port = 0;
    std::atomic<int> echoed{0};
    std::atomic<int> waiting{0};
    std::atomic<int> waited{0};
    std::atomic<int> runs_ended{0};

    template <class Action>
    void on_loop(Action action) {
        boost::asio::co_spawn(
            loop,
            [&action]() -> awaitable<void> {
                action();
                co_return;
            },
            boost::asio::use_future)
            .get();
    }

    std::unique_ptr<http::server> server_;

private:
    awaitable<http::response> echo(const http::request& asked) {
        ++echoed;
        auto out = text(std::string(to_string(asked.verb)) + " " + asked.body);
        for (const auto& [name, value] : asked.query)
            out.body += " " + name + "=" + value;
        co_return out;
    }

    awaitable<http::response> wait() {
        ++waiting;
        co_await release_->async_wait(as_tuple);
        ++waited;
        co_return text("released");
    }

    std::vector<http::route> all_routes() {
        auto out = routes();
        out.insert(out.end(), more_routes.begin(), more_routes.end());
        return out;
    }

    std::vector<http::route> routes() {
        using http::method;
        const http::handler echo_handler = [this](const http::request& asked, const http::path_values&) {
            return echo(asked);
        };
        const http::handler wait_handler = [this](const http::request&, const http::path_values&) {
            return wait();
        };
        const http::handler hello = [](const http::request&,
                                       const http::path_values&) -> awaitable<http::response> {
            co_return text("hello");
        };
        const http::handler big = [](const http::request&,
                                     const http::path_values&) -> awaitable<http::response> {
            co_return text(std::string(9 << 20, 'b'));
        };
        const http::handler bug = [](const http::request&,
                                     const http::path_values&) -> awaitable<http::response> {
            throw std::runtime_error("the bug");
            co_return text("");
        };
        const http::handler nothing = [](const http::request&,
                                         const http::path_values&) -> awaitable<http::response> {
            co_return text("ignored", 204);
        };
        const http::handler who = [](const http::request& asked,
                                     const http::path_values&) -> awaitable<http::response> {
            co_return text(asked.certificate.subject + "|" + asked.certificate.common_name);
        };
        return {{method::get, "/who", who},
                {method::get, "/hello", hello},
                {method::post, "/echo", echo_handler},
                {method::get, "/echo", echo_handler},
                {method::delete_, "/echo", echo_handler},
                {method::get, "/big", big},
                {method::get, "/wait", wait_handler},
                {method::get, "/throw", bug},
                {method::get, "/nothing", nothing}};
    }

    std::unique_ptr<boost::asio::steady_timer> release_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = make_work_guard(loop);
    std::thread thread_;
    std::mutex log_mutex_;
    std::vector<std::string> log_;
};

}  // namespace sparkgate::test
