#include "sparkgate/driver/endpoint.hpp"

#include "connection.hpp"
#include "socket_address.hpp"
#include "strangers.hpp"

#include "sparkgate/base/on_exit.hpp"
#include "sparkgate/base/spawn.hpp"
#include "sparkgate/obs/log.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>

namespace sparkgate::driver {
namespace {

using local = asio::local::stream_protocol;

constexpr auto hello_deadline = std::chrono::seconds(5);
// Between two lines in the log about connections that were refused or closed: whoever dials decides how many.
constexpr auto log_pause = std::chrono::seconds(1);

bool same_text(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    unsigned char difference = 0;  // constant time: the token is a secret
    for (std::size_t i = 0; i < a.size(); ++i)
        difference |= static_cast<unsigned char>(a[i] ^ b[i]);
    return difference == 0;
}

// The process that has dialled, if it has our user.
std::optional<pid_t> our_process(local::socket& socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    const bool known = ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
    return known && peer.uid == ::geteuid() ? std::optional(peer.pid) : std::nullopt;
}

// What the endpoint and a session's link share about one expected driver.
struct expected_driver {
    std::int64_t session = 0;
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
    void warn(const std::string& what) {
        const auto now = std::chrono::steady_clock::now();
        if (now < next_warning) return;
        next_warning = now + log_pause;
        spdlog::warn("{}", what);
    }
    std::chrono::steady_clock::time_point next_warning;
    strangers unknown;
    std::shared_ptr<large_frames> turnstile = std::make_shared<large_frames>();
};

std::shared_ptr<expected_driver> find_driver(const registry& drivers, const frame& hello) {
    if (hello.op() != "hello") return nullptr;
    const auto found = drivers.find(hello.integer("session", -1));
    if (found == drivers.end() || !same_text(found->second->token, hello.text("token"))) return nullptr;
    return found->second;
}

// The first frame of a stranger; an error ends the connection.
awaitable<result<frame>> read_hello(std::shared_ptr<shared_state> state, std::shared_ptr<connection> peer,
                                    pid_t pid) {
    state->unknown.add(peer, pid);
    const on_exit known([&state, &peer] { state->unknown.remove(*peer); });
    asio::steady_timer deadline(peer->socket().get_executor(), hello_deadline);
    auto close_late = [peer](boost::system::error_code ec) {
        if (!ec) peer->close();
    };
    deadline.async_wait(std::move(close_late));
    co_return co_await peer->read();
}

void welcome(expected_driver& driver, std::shared_ptr<connection> peer, const frame& hello) {
    if (driver.current) driver.current->close();  // it dialled again before we saw the old connection end
    peer->trust();
    driver.current = std::move(peer);
    const json answer{{"op", "welcome"}, {"version", 1}, {"acked", driver.acknowledged_seq}};
    driver.current->send(encode(answer));
    driver.owner->on_connected(hello);
}

// Hands a frame on unless it is a repetition of one that was handed on before the connection broke. False
// where one before it is missing: after a jump no true frame would be heard any more.
bool deliver(expected_driver& driver, frame received) {
    const std::int64_t seq = received.integer("seq");
    if (seq < 0) return true;  // the count begins with 1
    if (seq > 0) {
        if (seq <= driver.received_seq) return true;
        // The first one of all: this gateway process has taken over from another.
        if (driver.received_seq != 0 && seq != driver.received_seq + 1) return false;
        driver.received_seq = seq;
    }
    if (driver.owner) driver.owner->on_frame(std::move(received));
    return true;
}

// Until the connection ends; what the peer has done wrong, if that is why.
awaitable<std::string> hear(std::shared_ptr<expected_driver> driver, std::shared_ptr<connection> peer) {
    while (driver->owner) {
        auto received = co_await peer->read();
        if (driver->current != peer) break;
        if (!received && received.error().code == errc::invalid_argument)
            co_return obs::printable(received.error().message);
        if (!received) break;
        if (!deliver(*driver, std::move(*received))) co_return "a frame before it is missing";
    }
    co_return std::string();
}

awaitable<void> serve_connection(std::shared_ptr<shared_state> state, local::socket socket, pid_t pid) {
    const auto peer = std::make_shared<connection>(std::move(socket), state->turnstile);
    const on_exit closed([&peer] { peer->close(); });
    const auto hello = co_await read_hello(state, peer, pid);
    if (!hello) co_return;
    const auto driver = find_driver(*state->drivers, *hello);
    if (!driver) {
        state->warn("a driver connection was refused: wrong session or token");
        co_return;
    }
    const on_exit disconnected([&driver, &peer] {
        if (driver->current != peer) return;
        driver->current = nullptr;
        if (driver->owner) driver->owner->on_disconnected();
    });
    welcome(*driver, peer, *hello);
    const auto wrong = co_await hear(driver, peer);
    if (wrong.empty()) co_return;
    state->warn("session " + std::to_string(driver->session) +
                ": its driver's connection is closed: " + wrong);
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
        const auto pid = our_process(socket);
        if (!pid) continue;  // closes it
        socket.non_blocking(true, ec);
        auto serve = serve_connection(state, std::move(socket), *pid);
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
        driver->session = session;
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
