#include "fuzz/whole_gateway.hpp"

#include "fuzz/fuzz.hpp"
#include "fuzz/played_driver.hpp"
#include "http/connection.hpp"
#include "support/event_loop.hpp"
#include "support/fake_launcher.hpp"
#include "support/scripted_driver.hpp"
#include "support/temp_dir.hpp"

#include "sparkgate/api/routes.hpp"
#include "sparkgate/base/files.hpp"
#include "sparkgate/base/spawn.hpp"
#include "sparkgate/config/load.hpp"
#include "sparkgate/http/server.hpp"
#include "sparkgate/session/batch_manager.hpp"
#include "sparkgate/session/session_manager.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <future>
#include <sys/socket.h>

namespace sparkgate::fuzz {
namespace {

constexpr auto documented = {200u, 201u, 204u, 302u, 400u, 403u, 404u, 405u, 406u, 409u,
                             413u, 414u, 415u, 417u, 422u, 429u, 431u, 501u, 505u};
constexpr std::size_t programs_at_a_time = 8, programs_waiting = 4;

// The gateway logs an error only for a bug, or for a store that fails: this one does not.
class error_sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
    void sink_it_(const spdlog::details::log_msg& line) override {
        require(line.level < spdlog::level::err, "no error is logged",
                {line.payload.data(), line.payload.size()});
    }
    void flush_() override {}
};

void set_up_logging() {
    auto logger = std::make_shared<spdlog::logger>("fuzz", std::make_shared<error_sink>());
    logger->set_level(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
}

// What all gateways of this process share.
struct surroundings {
    surroundings() { set_up_logging(); }

    const test::temp_dir directory;
    // No answer is held, and the limits are in reach of an input.
    const config::settings settings =
        config::load(std::nullopt,
                     {"state.dir=" + directory.path().string(), "spark.master=local[2]",
                      "statement.poll-hold=0", "statement.max-wait=0", "file.upload.max.size=32k",
                      "file.local-dir-whitelist=/data", "rsc.retained-statements=8"})
            .value()
            .values;
    // The same threads for all: where threads come and go LeakSanitizer misses the stack of one now and then.
    worker_pool workers{1};
};

surroundings& around() {
    static surroundings all;
    return all;
}

const std::filesystem::path& state_directory() {
    return around().directory.path();
}

const config::settings& settings() {
    return around().settings;
}

// Starts nothing; a session's driver is played.
class scripted_launcher final : public test::fake_launcher {
public:
    explicit scripted_launcher(test::event_loop& loop) : loop_(loop) {}

    result<std::unique_ptr<process::child>> launch(const process::child_spec& spec) override {
        if (const auto text = read_file(spec.dir / "driver.json"))
            spawn(loop_.executor(), "the played driver", play_driver(parse_json(*text).value()));
        return fake_launcher::launch(spec);
    }

private:
    test::event_loop& loop_;
};

}  // namespace

struct whole_gateway::parts {
    parts() {
        make_managers();
        make_server();
    }

    ~parts() {
        for (const auto& child : launcher.children)
            if (!child->status) child->exit_with(0);
        const char* why = "the input is over";
        loop.await(sessions->stop_all(why));
        loop.await(batches->stop_all(why));
        server->stop();
        wait_for_workers();
        std::error_code ignored;
        for (const auto* each : {"sessions", "batches"})
            std::filesystem::remove_all(state_directory() / each, ignored);
    }

    // Until they have done all that was left to them.
    void wait_for_workers() {
        for (const auto each : {lane::quick, lane::slow}) {
            std::promise<void> reached;
            workers.post(each, "a word", [&reached] { reached.set_value(); });
            reached.get_future().wait();
        }
    }

    void make_managers() {
        session::services world{loop.executor(), settings(), launcher, *endpoint, *store, workers,
                                launches,        logs,       {},       {},        {},     {}};
        world.submit.spark_home = "/opt/spark";
        world.submit.rules.master = settings().spark_master;
        world.submit.rules.files.local_directories = settings().local_dir_whitelist;
        world.submit.conf_dir = state_directory() / "spark-conf";
        world.repl_dir = "/opt/sparkgate/repl";
        world.clock = [] { return session::time_point(std::chrono::hours(1000)); };  // nothing expires
        sessions = std::make_unique<session::session_manager>(world, 0);
        batches = std::make_unique<session::batch_manager>(world, 0);
    }

    void make_server() {
        http::server_options options;
        options.limit.body_bytes = 128 * 1024;
        options.common_headers = {{"X-Content-Type-Options", "nosniff"}};
        options.pages.origins = {"https://notebook.example.org"};
        options.refuse = [](const http::request& from) { return api::refuse(from, settings()); };
        options.error_response = api::server_error_response;
        options.on_answer = [this](const http::request& asked, const http::outcome& what) {
            if (what.status != 0) count(asked, what.status, what.bytes);
        };
        server = std::make_shared<http::server_state>(
            loop.executor(), http::router(api::routes(*sessions, *batches, settings())), std::move(options));
    }

    void count(const http::request& asked, unsigned status, std::size_t bytes) {
        const bool changes = asked.verb != http::method::get && asked.verb != http::method::head;
        now.answers.push_back({asked.sent_verb == http::method::head, changes, status, bytes});
    }

    worker_pool& workers = around().workers;
    process::log_reader logs{workers};
    session::launch_queue launches{programs_at_a_time, programs_waiting};
    test::event_loop loop;
    std::unique_ptr<store::store> store = store::make_memory_store(loop.executor());
    std::unique_ptr<driver::endpoint> endpoint =
        driver::make_endpoint(loop.executor(), state_directory()).value();
    scripted_launcher launcher{loop};
    std::unique_ptr<session::session_manager> sessions;
    std::unique_ptr<session::batch_manager> batches;
    std::shared_ptr<http::server_state> server;
    conversation now;
};

whole_gateway::whole_gateway() : parts_(std::make_unique<parts>()) {
    const auto session = answer(http::method::post, "/sessions", R"({"kind":"pyspark","name":"s"})");
    const auto batch = answer(http::method::post, "/batches", R"({"file":"/data/pi.py","name":"b"})");
    require(session.status == 201 && batch.status == 201, "the gateway starts", session.body + batch.body);
    const auto first = parts_->sessions->find("0").value();
    parts_->loop.run_until([&] { return first->state() == session::session_state::idle; });
    parts_->loop.settle();
}

whole_gateway::~whole_gateway() = default;

const http::router& whole_gateway::routes() const {
    return parts_->server->routes;
}

http::response whole_gateway::answer(http::method verb, std::string_view path, std::string_view body) {
    http::request asked;
    asked.verb = asked.sent_verb = verb;
    asked.body = body;
    path.remove_prefix(1);
    while (!path.empty())
        asked.path.emplace_back(take_until(path, '/'));
    const auto found = routes().find(asked);
    const auto& match = std::get<http::router::match>(found);
    if (body.size() > match.found->body_limit.value_or(body.size()))
        return api::server_error_response(asked, 413, "the request body is too large");
    return parts_->loop.await(match.found->handle(asked, match.values));
}

conversation whole_gateway::converse(const std::vector<std::string_view>& pieces, bool leaves) {
    auto& loop = parts_->loop;
    int ends[2];
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0,
            "sockets can be made");
    unique_fd client(ends[0]);
    asio::ip::tcp::socket theirs(loop.executor());
    theirs.assign(asio::ip::tcp::v4(), ends[1]);

    parts_->now = {};
    auto& received = parts_->now.received;
    bool ended = false;
    auto place = parts_->server->places.enter(asio::ip::address_v4::loopback());
    require(place.has_value(), "there is a place");
    loop.start(http::serve(std::move(theirs), parts_->server, std::move(*place)), ended);
    const auto receive = [&] {
        char chunk[16 * 1024];
        for (ssize_t n; (n = ::recv(client.get(), chunk, sizeof chunk, 0)) > 0;)
            received.append(chunk, static_cast<std::size_t>(n));
        return ended;
    };
    for (auto piece : pieces) {
        while (!piece.empty() && !receive()) {
            const auto sent = ::send(client.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
            if (sent > 0) piece.remove_prefix(static_cast<std::size_t>(sent));
            loop.settle();
        }
    }
    if (leaves)
        client.reset();
    else
        ::shutdown(client.get(), SHUT_WR);
    loop.run_until(receive, "the end of the connection");
    return std::move(parts_->now);
}

void whole_gateway::drive(std::string_view frames) {
    const auto settings = parse_json(read_file(state_directory() / "sessions/0/driver.json").value()).value();
    test::scripted_driver driver(parts_->loop, parts_->endpoint->socket_path());
    driver.hello(0, settings.at("token").get<std::string>(), 2);
    driver.expect("welcome");
    driver.send_bytes(std::string(frames));
    parts_->loop.settle();
}

void whole_gateway::settle() {
    parts_->loop.settle();
    parts_->wait_for_workers();
    parts_->loop.settle();
}

std::uint64_t whole_gateway::changes() const {
    return parts_->store->stats().calls;
}

std::size_t whole_gateway::programs() const {
    return parts_->sessions->programs().size() + parts_->batches->programs().size();
}

namespace {
bool used = false;
}

whole_gateway& fresh_gateway() {
    around();  // outlives the gateway, also when the process ends
    static std::unique_ptr<whole_gateway> instance;
    if (used || !instance) {
        instance.reset();
        instance = std::make_unique<whole_gateway>();
        used = false;
    }
    return *instance;
}

void set_used() {
    used = true;
}

void check_status(unsigned status, std::string_view body) {
    const bool ended_session =
        status == 500 && body.starts_with("\"java.lang.IllegalStateException: Session is in state ");
    require(ended_session || std::find(documented.begin(), documented.end(), status) != documented.end(),
            "an answer has a documented status", std::to_string(status) + " " + std::string(body));
}

}  // namespace sparkgate::fuzz
