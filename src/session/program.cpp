#include "sparkgate/session/program.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/obs/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace sparkgate::session {

program::program(services& world, alarm_clock& timer, program_identity identity,
                 std::filesystem::path directory)
    : world_(world),
      timer_(timer),
      identity_(std::move(identity)),
      directory_(std::move(directory)),
      log_(directory_ / "output.log") {
    clocks_.started = clocks_.last_activity = clocks_.last_contact = world_.clock();
}

program::~program() = default;

void program::note(const std::string& line) {
    if (auto done = log_.append(line); !done)
        spdlog::debug("{} {}: {}", identity_.word, id(), done.error().message);
}

void program::set_recorded() {
    recorded_ = true;
    changed_.notify();
}

void program::abandon() {
    gone_ = true;
    on_ended(nullptr);
    announce();
}

void program::start(launch_queue::place place) {
    if (state_ != session_state::starting) return abandon();  // stopped before it was started
    if (auto made = make_private_directory(directory_ / "work"); !made)
        return fail_start(made.error().message);
    note(timeline_.reached("queued"));
    waits_ = true;
    place_ = std::move(place);
    // Users wait for their own programs only, whoever asks on their behalf.
    const auto& user = owner() ? owner() : proxy_user();
    place_.wait(user.value_or(std::string()), [self = shared_from_this()] { self->launch(); });
}

void program::launch() {
    auto spec = prepare();
    if (!spec) return fail_start(spec.error().message);
    spec->dir = directory_;
    spec->working_directory = directory_ / "work";
    spec->grace = world_.settings.kill_grace;
    spec->log_limit = world_.settings.log_max_size.value;
    auto launched = world_.launcher.launch(*spec);
    if (!launched) return fail_start(launched.error().message);
    waits_ = false;
    child_ = std::move(*launched);
    note(timeline_.reached("spawned " + spec->argv[0]));
    asio::co_spawn(world_.executor, supervise(shared_from_this()), asio::detached);
    on_launched();
}

void program::fail_start(const std::string& why) {
    note("sparkgate: the " + std::string(identity_.word) + " could not be started: " + why);
    spdlog::warn("{} {} could not be started: {}", identity_.word, id(), why);
    reason_ = why;
    on_gone();
    abandon();
    place_.leave();
}

awaitable<void> program::supervise(std::shared_ptr<program> /* kept alive */) {
    const process::exit_status status = co_await child_->wait_exit();
    spdlog::info("{} {}: spark-submit has ended: {}", identity_.word, id(), status.text());
    on_ended(&status);
    place_.leave();
    co_await child_->wait_gone();
    gone_ = true;
    on_gone();
    changed_.notify();
}

awaitable<void> program::stop(std::string reason) {
    begin_stop(std::move(reason));
    const auto self = shared_from_this();
    while (!gone_)
        co_await changed_.wait_until(std::chrono::steady_clock::time_point::max());
}

void program::terminate() {
    if (child_) return child_->terminate();
    if (!waits_) return;  // start() comes, and finds that it was stopped
    abandon();
    place_.leave();
}

void program::enter(session_state next) {
    spdlog::info("{} {}: {} -> {}", identity_.word, id(), to_string(state_), to_string(next));
    state_ = next;
    if (is_finished(state_)) clocks_.ended = world_.clock();
}

void program::announce() {
    set_alarm();
    changed_.notify();
}

// To be called after every change that can bring the expiry nearer.
void program::set_alarm() {
    if (const auto next = expires()) timer_.ring_by(next->when);
}

json program::common_details() const {
    json out{{"owner", owner() ? json(*owner()) : json()},
             {"created", created_},
             {"appId", app_id_},
             {"reason", reason_}};
    if (key()) {
        out["idempotencyKey"] = key()->key;
        out["fingerprint"] = key()->fingerprint;
    }
    return out;
}

}  // namespace sparkgate::session
