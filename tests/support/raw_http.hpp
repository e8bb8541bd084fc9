// A blocking HTTP client for tests that sends the bytes it is told and shows the bytes it gets, in the clear
// or through TLS. Every wait has a ceiling; past it the test fails instead of hanging.
#pragma once

#include "http/openssl.hpp"

#include "sparkgate/base/unique_fd.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>

namespace sparkgate::test {

struct answer {
    unsigned status = 0;
    std::string head;  // without the blank line
    std::string body;

    // The first value of a header, "" when absent. The name as the server spells it.
    std::string header(std::string_view name) const {
        const auto at = head.find("\r\n" + std::string(name) + ": ");
        if (at == std::string::npos) return "";
        const auto begin = at + name.size() + 4;
        return head.substr(begin, head.find("\r\n", begin) - begin);
    }
    bool has(std::string_view name) const {
        return head.find("\r\n" + std::string(name) + ": ") != std::string::npos;
    }
};

class raw_http {
public:
    explicit raw_http(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_port = htons(port);
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&where), sizeof where) != 0)
            throw std::runtime_error("connect failed");
    }

    // Shakes hands; see failure().
    raw_http(std::uint16_t port, SSL_CTX* tls) : raw_http(port) {
        if (tls) shake_hands(tls);
    }

    // Why TLS has failed, from the client's point of view; "" while it has not.
    const std::string& failure() const { return failure_; }
    SSL* tls() const { return tls_.get(); }
    int descriptor() const { return socket_.get(); }

    // False when the server has closed; what was sent before may still be answered.
    bool send(std::string_view bytes) {
        if (tls_) return send_tls(bytes);
        while (!bytes.empty()) {
            await(POLLOUT);
            const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0) return !(reset_ = true);
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    // The next answer; 1xx answers are answers of their own. Status 0: the server closed instead.
    answer receive(bool head_only = false) {
        answer out;
        std::size_t end;
        while ((end = unread_.find("\r\n\r\n")) == std::string::npos)
            if (!read_some()) return out;
        out.head = unread_.substr(0, end);
        unread_.erase(0, end + 4);
        out.status = static_cast<unsigned>(std::stoul(out.head.substr(9, 3)));
        const auto length = out.header("Content-Length");
        const std::size_t size = length.empty() || head_only ? 0 : std::stoul(length);
        while (unread_.size() < size)
            if (!read_some()) throw std::runtime_error("the answer was cut after " + unread_);
        out.body = unread_.substr(0, size);
        unread_.erase(0, size);
        return out;
    }

    answer exchange(std::string_view bytes) {
        send(bytes);
        return receive();
    }

    // What comes up to `end` and with it; less when the server closes before.
    std::string receive_until(std::string_view end) {
        std::size_t at;
        while ((at = unread_.find(end)) == std::string::npos)
            if (!read_some()) return std::exchange(unread_, {});
        std::string out = unread_.substr(0, at + end.size());
        unread_.erase(0, out.size());
        return out;
    }

    // Everything until the server closes.
    std::string receive_all() {
        while (read_some()) {
        }
        return std::exchange(unread_, {});
    }

    // Whether the server ends the connection, in an orderly way (with TLS: announced by a close_notify), with
    // nothing more to read.
    bool closed() { return unread_.empty() && !read_some() && !reset_; }

    void close() { socket_.reset(); }
    void half_close() {
        if (tls_) SSL_shutdown(tls_.get());
        ::shutdown(socket_.get(), SHUT_WR);
    }

private:
    void await(short what) {
        pollfd one{socket_.get(), what, 0};
        if (::poll(&one, 1, 10'000) != 1) throw std::runtime_error("the server did nothing for 10 s");
    }

    void shake_hands(SSL_CTX* tls) {
        std::signal(SIGPIPE, SIG_IGN);
        const timeval ceiling{10, 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &ceiling, sizeof ceiling);
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &ceiling, sizeof ceiling);
        tls_.reset(SSL_new(tls));
        SSL_set_fd(tls_.get(), socket_.get());
        if (SSL_connect(tls_.get()) <= 0) failure_ = reason();
    }

    bool send_tls(std::string_view bytes) {
        if (bytes.empty() || !failure_.empty()) return failure_.empty();
        const bool sent = SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
        if (!sent) failure_ = reason();
        return sent;
    }

    static std::string reason() {
        const auto said = http::take_openssl_error();
        return said.empty() ? "closed" : said;
    }

    ssize_t receive_tls(char* out, int size) {
        const int count = SSL_read(tls_.get(), out, size);
        if (count > 0) return count;
        const int why = SSL_get_error(tls_.get(), count);
        if (why == SSL_ERROR_ZERO_RETURN) return 0;
        if (why == SSL_ERROR_WANT_READ) throw std::runtime_error("the server did nothing for 10 s");
        failure_ = reason();
        return -1;
    }

    ssize_t receive_plain(char* out, std::size_t size) {
        await(POLLIN);
        return ::recv(socket_.get(), out, size, 0);
    }

    bool read_some() {
        char chunk[16 * 1024];
        const bool secure = tls_ && failure_.empty();
        const auto count = secure ? receive_tls(chunk, sizeof chunk) : receive_plain(chunk, sizeof chunk);
        if (count < 0) reset_ = true;
        if (count > 0) unread_.append(chunk, static_cast<std::size_t>(count));
        return count > 0;
    }

    unique_fd socket_;
    http::ssl_ptr tls_;
    std::string failure_;
    std::string unread_;
    bool reset_ = false;
};

}  // namespace sparkgate::test
