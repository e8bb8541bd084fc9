#include "serve.hpp"

#include "boost/loop_turns.hpp"
#include "http_options.hpp"
#include "leftovers.hpp"
#include "page_settings.hpp"
#include "spark_settings.hpp"
#include "state_directory.hpp"
#include "tls_settings.hpp"

#include "sparkgate/api/routes.hpp"
#include "sparkgate/base/crash_point.hpp"
#include "sparkgate/base/files.hpp"
#include "sparkgate/base/spawn.hpp"
#include "sparkgate/obs/access_log.hpp"
#include "sparkgate/obs/log.hpp"
#include "sparkgate/process/spark_home.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <csignal>
#include <limits>
#include <malloc.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace sparkgate::app {
namespace {

std::map<std::string, std::string> own_environment() {
    std::map<std::string, std::string> out;
    for (char** each = environ; *each; ++each) {
        const std::string_view text(*each);
        if (const auto equals = text.find('='); equals != std::string_view::npos)
            out.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return out;
}

std::filesystem::path program_directory() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

bool is_loopback(const std::string& host) {
    boost::system::error_code ec;
    const auto address = asio::ip::make_address(host, ec);
    return host == "localhost" || (!ec && address.is_loopback());
}

// What nobody may do unless clients say who they are, or the operator says that it does not matter.
std::optional<start_failure> needs_authentication(const config::settings& s) {
    if (!is_loopback(s.server_host) && !s.allow_remote_without_authentication)
        return start_failure{cannot_listen,
                             "refusing to listen on " + s.server_host +
                                 " without authentication: anybody who reaches it could run code; use "
                                 "127.0.0.1, or set server.allow-remote-without-authentication=true"};
    if (s.impersonation && !s.allow_impersonation_without_authentication)
        return start_failure{bad_value,
                             "impersonation.enabled=true is refused without authentication: anybody who "
                             "reaches the server could run code as any user; set "
                             "server.allow-impersonation-without-authentication=true where something in "
                             "front of it says who the users are"};
    return {};
}

session::services make_services(const config::settings& s, const process::spark_installation& spark,
                                process::submit_settings submit, asio::any_io_executor executor,
                                process::launcher& launcher, driver::endpoint& endpoint, store::store& store,
                                worker_pool& workers, session::launch_queue& launches,
                                process::log_reader& logs) {
    session::services out{executor, s,    launcher,          endpoint,          store, workers,
                          launches, logs, std::move(submit), own_environment(), {},    {}};
    out.environment["SPARK_HOME"] = spark.home.string();
    out.environment["PYSPARK_PYTHON"] = spark.python;
    out.repl_dir = s.repl_dir.empty() ? program_directory() / "repl" : s.repl_dir;
    const auto agent = program_directory() / "libsparkgate_jvmstop.so";
    if (std::filesystem::exists(agent)) out.stop_agent = agent;
    out.memory = std::make_shared<session::budgets>(s);
    return out;
}

std::size_t starts_at_a_time(const config::settings& s) {
    if (s.max_creation > 0) return static_cast<std::size_t>(s.max_creation);
    return 2 * std::max(1u, std::thread::hardware_concurrency());
}

// Every connection takes a descriptor; most systems allow a process 1024 of them until it asks for more.
void raise_descriptor_limit(const config::settings& s) {
    const rlim_t needed = static_cast<rlim_t>(s.max_connections) + 1000;  // drivers, files, the store
    rlimit now{};
    ::getrlimit(RLIMIT_NOFILE, &now);
    if (now.rlim_cur >= needed) return;
    now.rlim_cur = std::min(now.rlim_max, needed);
    ::setrlimit(RLIMIT_NOFILE, &now);
    if (now.rlim_cur < needed)
        spdlog::warn("the limit of open files ({}) is too low for server.max-connections={}: {} are needed",
                     now.rlim_cur, s.max_connections, needed);
}

// Runs handlers until none is left. An exception that comes out of one is a bug; the others go on.
void run_loop(asio::io_context& loop) {
    for (;;) {
        try {
            loop.run();
            return;
        } catch (const std::exception& e) {
            spdlog::error("a handler failed: {}", e.what());
        }
    }
}

// The parts of a running server. Members are destroyed from the last to the first: who uses comes after what
// is used.
class running_server {
public:
    running_server(const config::loaded& configuration, http::loaded_tls tls, http::page_rules pages,
                   process::spark_installation spark, process::submit_settings submit, state_directory state,
                   mode_t umask_of_children)
        : settings_(configuration.values),
          effective_(configuration.effective),
          tls_(std::move(tls)),
          pages_(std::move(pages)),
          spark_(std::move(spark)),
          submit_(std::move(submit)),
          state_(std::move(state)),
          umask_of_children_(umask_of_children) {}

    // Also after a start that failed: what the threads work on is still there.
    ~running_server();

    std::optional<start_failure> start(const std::string& port_file);
    void run(reload_function reload);

private:
    std::optional<start_failure> open_parts();
    std::optional<start_failure> recover(store::contents known);
    bool recovers() const { return settings_.recovery_mode == "recovery"; }
    awaitable<void> try_to_go_on(store::contents known, std::string& failure);
    awaitable<void> go_on(store::contents known);
    awaitable<void> stop_on_signal();
    void end_at_the_next_signal();
    awaitable<void> end_programs();
    awaitable<void> reload_on_signal(reload_function reload);
    void take_over(config::loaded now);
    void take_over_tls(const config::settings& now);

    const config::settings& settings_;
    std::vector<config::effective_value> effective_;  // as the configuration was read last
    http::loaded_tls tls_;
    http::page_rules pages_;
    process::spark_installation spark_;
    process::submit_settings submit_;
    state_directory state_;
    mode_t umask_of_children_;
    // Before the loop: programs that live on when the server stops are held by its coroutines.
    worker_pool workers_;
    process::log_reader logs_{workers_, settings_.log_max_size.value};
    session::launch_queue launches_{starts_at_a_time(settings_),
                                    static_cast<std::size_t>(settings_.max_queued)};
    asio::io_context loop_{1};
    // From the beginning: a signal that comes while the server starts is taken when it has started.
    asio::signal_set stop_signals_{loop_, SIGTERM, SIGINT}, reload_signals_{loop_, SIGHUP};
    std::unique_ptr<store::store> store_;
    std::unique_ptr<driver::endpoint> endpoint_;
    std::unique_ptr<process::launcher> launcher_;
    std::unique_ptr<session::session_manager> sessions_;
    std::unique_ptr<session::batch_manager> batches_;
    std::optional<obs::access_log> access_log_;
    std::unique_ptr<http::server> server_;
};

std::optional<start_failure> running_server::open_parts() {
    auto store =
        store::open_sqlite_store(loop_.get_executor(), state_.database(), settings_.store_waiting_size.value);
    if (!store) return start_failure{state_unusable, store.error().message};
    store_ = std::move(*store);
    auto contents = store_->load();
    if (!contents)
        return start_failure{state_unusable, state_.database().string() + ": " + contents.error().message};
    auto endpoint = driver::make_endpoint(loop_.get_executor(), state_.run());
    if (!endpoint) return start_failure{state_unusable, endpoint.error().message};
    endpoint_ = std::move(*endpoint);
    launcher_ = process::make_launcher(loop_.get_executor(), program_directory() / "sparkgate-shim",
                                       state_.lock(), umask_of_children_);
    const auto world = make_services(settings_, spark_, submit_, loop_.get_executor(), *launcher_, *endpoint_,
                                     *store_, workers_, launches_, logs_);
    sessions_ = std::make_unique<session::session_manager>(world, contents->next_session_id);
    batches_ = std::make_unique<session::batch_manager>(world, contents->next_batch_id);
    return recover(std::move(*contents));
}

// A server that knows half of what there is would do harm: it does not start, and has changed nothing.
std::optional<start_failure> running_server::recover(store::contents known) {
    crash_point("recover.loaded");
    std::string failure;
    spawn(loop_.get_executor(), "the recovery", try_to_go_on(std::move(known), failure));
    run_loop(loop_);
    loop_.restart();
    if (failure.empty()) return {};
    return start_failure{state_unusable, "what an earlier server left in " + state_.path().string() +
                                             " cannot be recovered: " + failure};
}

awaitable<void> running_server::try_to_go_on(store::contents known, std::string& failure) {
    try {
        co_await go_on(std::move(known));
    } catch (const std::exception& bug) {
        failure = bug.what();
    }
    loop_.stop();
}

// All is read and made before anything is changed: a failure until then leaves everything as it was.
awaitable<void> running_server::go_on(store::contents known) {
    if (recovers()) sessions_->restore(known);
    batches_->restore(known.batches);
    co_await end_strangers(*launcher_, state_, known);
    if (!recovers()) co_await end_leftovers(*launcher_, *store_, state_, known);
    crash_point("recover.cleaned");
    sessions_->resume();
    batches_->resume();
    crash_point("recover.restored");
    if (!known.sessions.empty() || !known.batches.empty())
        spdlog::info("going on with {} sessions and {} batches of before", known.sessions.size(),
                     known.batches.size());
}

std::optional<start_failure> running_server::start(const std::string& port_file) {
    if (!settings_.access_log.empty()) {
        auto opened =
            obs::access_log::open(state_.path() / settings_.access_log, settings_.access_log_max_size.value,
                                  static_cast<std::size_t>(settings_.access_log_files));
        if (!opened) return start_failure{state_unusable, opened.error().message};
        access_log_ = std::move(*opened);
    }
    if (auto failed = open_parts()) return failed;
    server_ =
        http::make_server(loop_.get_executor(), http::router(api::routes(*sessions_, *batches_, settings_)),
                          http_options(settings_, pages_, tls_.context, access_log_, workers_));
    if (auto started = server_->start(); !started)
        return start_failure{cannot_listen, started.error().message};
    if (!port_file.empty())
        if (auto written = write_file_atomically(port_file, std::to_string(server_->port()) + "\n"); !written)
            return start_failure{state_unusable, written.error().message};
    // Tools that start Livy themselves look for this line.
    spdlog::info("Starting server on {}://{}:{} (Spark at {}, from {})", tls_.context ? "https" : "http",
                 settings_.server_host, server_->port(), spark_.home.string(), spark_.origin);
    report(tls_);
    return {};
}

// By the kernel's hand, so that it works whatever hangs; not by the default action, which process 1 of a
// container does not have. Nothing is lost: what was promised is in the store, and the next server goes on.
void running_server::end_at_the_next_signal() {
    boost::system::error_code ignored;
    stop_signals_.clear(ignored);
    for (const int number : {SIGTERM, SIGINT})
        std::signal(number, [](int caught) { ::_exit(128 + caught); });
}

awaitable<void> running_server::stop_on_signal() {
    const auto [ec, number] = co_await stop_signals_.async_wait(as_tuple);
    if (ec) co_return;
    spdlog::info("stopping on signal {}; a second one ends the server at once", number);
    end_at_the_next_signal();
    sessions_->release_waiters();
    batches_->release_waiters();
    co_await server_->drain(settings_.drain_timeout);
    if (!recovers()) co_await end_programs();
    loop_.stop();
}

// Both kinds at the same time: each may take as long as its slowest program.
awaitable<void> running_server::end_programs() {
    auto end_batches = batches_->stop_all("the server stops");
    spawn(loop_.get_executor(), "the end of the batches", std::move(end_batches));
    co_await sessions_->stop_all("the server stops");
    co_await batches_->stop_all({});
}

awaitable<void> running_server::reload_on_signal(reload_function reload) {
    for (;;) {
        const auto [ec, number] = co_await reload_signals_.async_wait(as_tuple);
        if (ec) co_return;
        auto now = reload();
        if (now)
            take_over(std::move(*now));
        else
            spdlog::error("the configuration was not read again: {}", now.error().message);
    }
}

void running_server::take_over(config::loaded now) {
    spdlog::set_level(spdlog::level::from_str(now.values.log_level));
    spdlog::info("the configuration was read again");
    take_over_tls(now.values);
    for (std::size_t i = 0; i < effective_.size(); ++i) {
        const auto& key = effective_[i].key;
        if (now.effective[i].value == effective_[i].value || key == "server.log.level") continue;
        if (!key.starts_with("server.tls.") || !tls_.context)
            spdlog::warn("{} has changed: it takes effect at the next start", key);
    }
    effective_ = std::move(now.effective);
}

// Also where no key has changed: the files may have.
void running_server::take_over_tls(const config::settings& now) {
    if (!tls_.context) return;
    auto loaded = load_tls(now);
    if (!loaded) {
        spdlog::error("TLS goes on as it was: {}", loaded.error().message);
    } else if (!loaded->context) {
        spdlog::warn("TLS goes on as it was, and ends at the next start");
    } else {
        tls_ = std::move(*loaded);
        server_->use_tls(tls_.context);
        report(tls_);
    }
}

void running_server::run(reload_function reload) {
    watch_turns();
    constexpr auto vital = if_it_fails::end_process;
    const auto executor = loop_.get_executor();
    spawn(executor, "stopping on a signal", stop_on_signal(), vital);
    spawn(executor, "reading the configuration again", reload_on_signal(std::move(reload)), vital);
    spawn(executor, "the expiry of sessions", sessions_->expire_in_time(), vital);
    spawn(executor, "the expiry of batches", batches_->expire_in_time(), vital);
    run_loop(loop_);
    spdlog::info("stopped");
}

running_server::~running_server() {
    launches_.close();
    workers_.join();
    if (store_) store_->close();
}

}  // namespace

std::optional<start_failure> serve_until_stopped(const config::loaded& configuration,
                                                 const std::string& port_file, mode_t umask_of_children,
                                                 reload_function reload) {
    const config::settings& s = configuration.values;
    obs::set_up_logging(s.log_level);
    // Large outputs pass through: their memory goes back to the system instead of staying in the heap.
    ::mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    ::mallopt(M_TRIM_THRESHOLD, 512 * 1024);
    ::mallopt(M_ARENA_MAX, 2);  // else each worker keeps free memory of its own
    for (const auto& warning : configuration.warnings)
        spdlog::warn("{}", warning);
    for (const auto& note : configuration.notes)
        spdlog::info("{}", note);
    raise_descriptor_limit(s);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is an error like a full disk
    std::signal(SIGHUP, SIG_IGN);   // until there is a server

    if (auto refused = needs_authentication(s)) return refused;
    auto tls = load_tls(s);
    if (!tls)
        return start_failure{tls.error().code == errc::invalid_argument ? bad_value : config_unreadable,
                             tls.error().message};
    auto pages = page_rules(s);
    if (!pages) return start_failure{bad_value, pages.error().message};
    auto spark = process::find_spark(s.spark_home);
    if (!spark) return start_failure{no_spark, spark.error().message};
    auto submit = load_submit_settings(configuration, *spark, own_environment());
    if (!submit) return start_failure{config_unreadable, submit.error().message};
    auto state = state_directory::open(s.state_dir);
    if (!state) return start_failure{state_unusable, state.error().message};
    running_server server(configuration, std::move(*tls), std::move(*pages), std::move(*spark),
                          std::move(*submit), std::move(*state), umask_of_children);
    if (auto failed = server.start(port_file)) return failed;
    server.run(std::move(reload));
    return {};
}

}  // namespace sparkgate::app
