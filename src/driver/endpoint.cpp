#include "sparkgate/driver/endpoint.hpp"

#include "socket_address.hpp"

#include "sparkgate/base/on_exit.hpp"
#include "sparkgate/base/spawn.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <deque>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>

namespace sparkgate::driver {
namespace {

using local = asio::local::stream_protocol;

constexpr auto hello_deadline = std::chrono::seconds(10);
constexpr std::size_t max_queued_bytes = 2 * max_payload_bytes;
constexpr std::size_t max_strangers = 64;  // connections that have not said hello yet

bool same_text(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    unsigned char difference = 0;  // constant time: the token is a secret
    for (std::size_t i = 0; i < a.size(); ++i)
        difference |= static_cast<unsigned char>(a[i] ^ b[i]);
    return difference == 0;
}

bool is_our_user(local::socket& socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           peer.uid == ::geteuid();
}

// One connection: reads frames, writes queued ones in order.
class connection : public std::enable_shared_from_this<connection> {
public:
    explicit connection(local::socket socket) : socket_(std::move(socket)) {}

    // The next frame; an error ends the connection. Waits for readability and then reads into a buffer shared
    // by all connections: an idle driver costs no buffer.
    awaitable<result<frame>> read() {
        static std::array<char, 65536> shared;
        for (;;) {
            auto next = decoder_.next();
            if (!next) co_return next.error();
            if (*next) co_return std::move(**next);
            const auto [ready] = co_await socket_.async_wait(local::socket::wait_read, as_tuple);
            if (ready) co_return fail(errc::unavailable, ready.message());
            boost::system::error_code ec;
            const std::size_t n = socket_.read_some(asio::buffer(shared), ec);
            if (ec == asio::error::would_block) continue;
            if (ec) co_return fail(errc::unavailable, ec.message());
            decoder_.feed({shared.data(), n});
        }
    }

    // A driver that reads no more is cut off instead of filling our memory; it dials again when it reads.
    void send(std::string bytes) {
        if (!writing_) return;
        queued_bytes_ += bytes.size();
        if (queued_bytes_ > max_queued_bytes) return close();
        queue_.push_back(std::move(bytes));
        if (queue_.size() == 1)
            spawn(socket_.get_executor(), "writing to a driver", write_queue(shared_from_this()));
    }

    void close() {
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

    local::socket& socket() { return socket_; }

private:
    static awaitable<void> write_queue(std::shared_ptr<connection> self) {
        while (!self->queue_.empty()) {
            const auto [ec, n] =
                co_await asio::async_write(self->socket_, asio::buffer(self->queue_.front()), as_tuple);
            self->queued_bytes_ -= self->queue_.front().size();
            self->queue_.pop_front();
            if (ec) self->stop_writing();
        }
    }

    // The driver has closed its end. What it sent before is still to be read, so that only the reader may end
    // the connection.
    void stop_writing() {
        writing_ = false;
        queue_.clear();
        queued_bytes_ = 0;
    }

    local::socket socket_;
    decoder decoder_;
    std::deque<std::string> queue_;
    std::size_t queued_bytes_ = 0;
    bool writing_ = true;
};

// What the endpoint and a session's link share about one expected driver.
struct expected_driver {
    std::string token;
    listener* owner = nullptr;  // null once the link is gone
    std::shared_ptr<connection> current;
    std::int64_t received_seq = 0;  // reliable frames up to here were handed on
    std::int64_t acknowledged_seq = 0;
};

using registry = std::unordered_map<std::int64_t, std::shared_ptr<expected_driver>>;

class link_impl : public link {
public:
    link_impl(std::shared_ptr<registry> drivers, std::int64_t session,
              std::shared_ptr<expected_driver> driver)
        : drivers_(std::move(drivers)), session_(session), driver_(std::move(driver)) {}

    ~link_impl() override {
        driver_->owner = nullptr;
        if (driver_->current) driver_->current->close();
        drivers_->erase(session_);
    }

    bool connected() const override { return driver_->current != nullptr; }

    void send(const json& header, std::string_view payload) override {
        if (driver_->current) driver_->current->send(encode(header, payload));
    }

    void acknowledge(std::int64_t seq) override {
        driver_->acknowledged_seq = std::max(driver_->acknowledged_seq, seq);
        send(json{{"op", "ack"}, {"seq", seq}}, {});
    }

private:
    std::shared_ptr<registry> drivers_;
    std::int64_t session_;
    std::shared_ptr<expected_driver> driver_;
};

// The coroutines below hold what they need by shared pointers: they may outlive the endpoint for a moment.
struct shared_state {
    explicit shared_state(local::acceptor a)
        : acceptor(std::move(a)), drivers(std::make_shared<registry>()) {}
    local::acceptor acceptor;
    std::shared_ptr<registry> drivers;
    std::size_t strangers = 0;
};

std::shared_ptr<expected_driver> find_driver(const registry& drivers, const frame& hello) {
    if (hello.op() != "hello") return nullptr;
    const auto found = drivers.find(hello.integer("session", -1));
    if (found == drivers.end() || !same_text(found->second->token, hello.text("token"))) return nullptr;
    return found->second;
}

// The first frame of a stranger; an error ends the connection.
awaitable<result<frame>> read_hello(std::shared_ptr<shared_state> state, std::shared_ptr<connection> peer) {
    ++state->strangers;
    const on_exit known([&state] { --state->strangers; });
    asio::steady_timer deadline(peer->socket().get_executor(), hello_deadline);
    auto close_late = [peer](boost::system::error_code ec) {
        if (!ec) peer->close();
    };
    deadline.async_wait(std::move(close_late));
    co_return co_await peer->read();
}

void welcome(expected_driver& driver, std::shared_ptr<connection> peer, const frame& hello) {
    if (driver.current) driver.current->close();  // it dialled again before we saw the old connection end
    driver.current = std::move(peer);
    const json answer{{"op", "welcome"}, {"version", 1}, {"acked", driver.acknowledged_seq}};
    driver.current->send(encode(answer));
    driver.owner->on_connected(hello);
}

// Hands a frame on unless it is a repetition of one that was handed on before the connection broke.
void deliver(expected_driver& driver, frame received) {
    const std::int64_t seq = received.integer("seq");
    if (seq < 0) return;  // the count begins with 1
    if (seq > 0) {
        if (seq <= driver.received_seq) return;
        driver.received_seq = seq;
    }
    if (driver.owner) driver.owner->on_frame(std::move(received));
}

awaitable<void> serve_connection(std::shared_ptr<shared_state> state, local::socket socket) {
    const auto peer = std::make_shared<connection>(std::move(socket));
    const on_exit closed([&peer] { peer->close(); });
    const auto hello = co_await read_hello(state, peer);
    if (!hello) co_return;
    const auto driver = find_driver(*state->drivers, *hello);
    if (!driver) {
        spdlog::warn("a driver connection was refused: wrong session or token");
        co_return;
    }
    const on_exit disconnected([&driver, &peer] {
        if (driver->current != peer) return;
        driver->current = nullptr;
        if (driver->owner) driver->owner->on_disconnected();
    });
    welcome(*driver, peer, *hello);
    while (driver->owner) {
        auto received = co_await peer->read();
        if (!received || driver->current != peer) break;
        deliver(*driver, std::move(*received));
    }
}

awaitable<void> accept_drivers(std::shared_ptr<shared_state> state) {
    asio::steady_timer pause(state->acceptor.get_executor());
    for (;;) {
        auto [ec, socket] = co_await state->acceptor.async_accept(as_tuple);
        if (!state->acceptor.is_open()) co_return;  // the endpoint is gone
        if (ec) {
            spdlog::warn("cannot accept a driver connection: {}", ec.message());
            pause.expires_after(std::chrono::milliseconds(100));  // never spin when descriptors are used up
            (void)co_await pause.async_wait(as_tuple);
            continue;
        }
        if (!is_our_user(socket) || state->strangers >= max_strangers) continue;  // closes it
        socket.non_blocking(true, ec);
        auto serve = serve_connection(state, std::move(socket));
        spawn(state->acceptor.get_executor(), "a driver's connection", std::move(serve));
    }
}

class endpoint_impl : public endpoint {
public:
    endpoint_impl(std::shared_ptr<shared_state> state, std::filesystem::path path)
        : state_(std::move(state)), path_(std::move(path)) {
        spawn(state_->acceptor.get_executor(), "accepting drivers", accept_drivers(state_),
              if_it_fails::end_process);
    }

    ~endpoint_impl() override {
        boost::system::error_code ignored;
        state_->acceptor.close(ignored);
        ::unlink(path_.c_str());
    }

    const std::filesystem::path& socket_path() const override { return path_; }

    std::unique_ptr<link> expect(std::int64_t session, std::string token, listener& owner) override {
        auto driver = std::make_shared<expected_driver>();
        driver->token = std::move(token);
        driver->owner = &owner;
        (*state_->drivers)[session] = driver;
        return std::make_unique<link_impl>(state_->drivers, session, std::move(driver));
    }

private:
    std::shared_ptr<shared_state> state_;
    std::filesystem::path path_;
};

}  // namespace

result<std::unique_ptr<endpoint>> make_endpoint(asio::any_io_executor executor,
                                                const std::filesystem::path& dir) {
    auto path = dir / "driver.sock";
    const auto address = address_of(path);
    if (!address) return address.error();
    ::unlink(path.c_str());  // of an earlier process: state.dir is locked by us
    local::acceptor acceptor(executor);
    boost::system::error_code ec;
    acceptor.open(local(), ec);
    if (!ec) acceptor.bind(local::endpoint(address->text), ec);
    if (!ec && ::chmod(path.c_str(), 0600) != 0) ec.assign(errno, boost::system::system_category());
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) return fail(errc::unavailable, "cannot listen on " + path.string() + ": " + ec.message());
    auto state = std::make_shared<shared_state>(std::move(acceptor));
    return std::unique_ptr<endpoint>(std::make_unique<endpoint_impl>(std::move(state), std::move(path)));
}

}  // namespace sparkgate::driver
