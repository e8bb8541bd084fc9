// The life of a session: start, end, states. Its statements are in session_statements.cpp.
#include "sparkgate/session/session.hpp"

#include "start.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/config/session_keys.hpp"
#include "sparkgate/obs/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace sparkgate::session {

session::session(services& world, alarm_clock& timer, std::int64_t id, session_request request,
                 std::optional<std::string> owner)
    : world_(world),
      timer_(timer),
      id_(id),
      request_(std::move(request)),
      owner_(std::move(owner)),
      directory_(world.settings.state_dir / "sessions" / std::to_string(id)),
      settings_(config::settings_of_session(world.settings, request_.spark.conf).value()),
      rules_(rules_for(settings_, request_)),
      log_(directory_ / "output.log") {
    clocks_.started = clocks_.last_activity = clocks_.last_contact = world_.clock();
    set_alarm();
}

session::~session() = default;

void session::note(const std::string& line) {
    if (auto done = log_.append(line); !done) spdlog::debug("session {}: {}", id_, done.error().message);
}

void session::abandon() {
    gone_ = true;
    apply(session_event::all_gone);
    changed_.notify();
}

void session::launch() {
    if (state_ != session_state::starting) return abandon();  // deleted before it was started
    if (auto made = make_private_directory(directory_ / "work"); !made)
        return fail_start(made.error().message);
    note(timeline_.reached("queued"));
    const std::string token = make_token();
    auto driver = prepare_driver(world_, settings_, id_, request_, directory_, token);
    if (!driver) return fail_start(driver.error().message);
    for (const auto& key : driver->left_out)
        if (!config::is_session_key(key))
            note("sparkgate: conf " + obs::printable(key) + " is not for Spark and has no meaning here");

    process::child_spec spec;
    spec.dir = directory_;
    spec.working_directory = directory_ / "work";
    spec.argv = std::move(driver->argv);
    spec.env = process::child_environment(world_.environment, driver_environment(world_, id_));
    spec.grace = settings_.kill_grace;
    link_ = world_.endpoint.expect(id_, token, *this);
    auto launched = world_.launcher.launch(spec);
    if (!launched) return fail_start(launched.error().message);
    child_ = std::move(*launched);
    note(timeline_.reached("spawned " + spec.argv[0]));
    asio::co_spawn(world_.executor, supervise(shared_from_this()), asio::detached);
    asio::co_spawn(world_.executor, watch_start(shared_from_this()), asio::detached);
}

void session::fail_start(const std::string& why) {
    note("sparkgate: the session could not be started: " + why);
    spdlog::warn("session {} could not be started: {}", id_, why);
    reason_ = why;
    link_.reset();
    abandon();
}

awaitable<void> session::supervise(std::shared_ptr<session> /* kept alive */) {
    const process::exit_status status = co_await child_->wait_exit();
    if (reason_.empty() && !status.ended_by_us) {
        reason_ = status.text();
        if (state_ == session_state::starting)
            reason_ += " while starting (last phase: " + timeline_.last_phase() + ")";
    }
    note("sparkgate: spark-submit has ended: " + status.text());
    spdlog::info("session {}: spark-submit has ended: {}", id_, status.text());
    apply(session_event::program_ended);
    co_await child_->wait_gone();
    gone_ = true;
    link_.reset();
    changed_.notify();
}

awaitable<void> session::watch_start(std::shared_ptr<session> /* kept alive */) {
    const auto limit = settings_.connect_timeout;
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (state_ == session_state::starting && std::chrono::steady_clock::now() < deadline)
        co_await changed_.wait_until(deadline);
    if (state_ != session_state::starting) co_return;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit).count();
    begin_stop("the session did not start within " + std::to_string(seconds) +
                   " s (last phase: " + timeline_.last_phase() + ")",
               session_event::start_failed);
}

void session::begin_stop(std::string reason, session_event why) {
    if (!after(state_, why)) return;
    if (!reason.empty()) {
        note("sparkgate: the session ends: " + reason);
        spdlog::info("session {} ends: {}", id_, reason);
        reason_ = std::move(reason);
    }
    apply(why);
    if (child_) child_->terminate();
}

awaitable<void> session::stop(std::string reason) {
    begin_stop(std::move(reason), session_event::stop_asked);
    const auto self = shared_from_this();
    while (!gone_)
        co_await changed_.wait_until(std::chrono::steady_clock::time_point::max());
}

void session::apply(session_event what) {
    const auto next = after(state_, what);
    if (!next || *next == state_) return;
    spdlog::info("session {}: {} -> {}", id_, to_string(state_), to_string(*next));
    state_ = *next;
    if (state_ == session_state::idle) touch();
    if (is_finished(state_)) clocks_.ended = world_.clock();
    if (!is_active(state_)) end_statements();
    // Idle and busy alternate with every statement: not worth a record of their own.
    if (state_ != session_state::busy && what != session_event::work_ends)
        world_.store.enqueue({store::put_session{record()}});
    set_alarm();
    changed_.notify();
}

void session::touch() {
    clocks_.last_activity = world_.clock();
}

void session::heard_from(time_point::duration held) {
    clocks_.last_contact = std::max(clocks_.last_contact, world_.clock() + held);
}

std::optional<expiry> session::expires() const {
    auto now = occupation::idle;
    if (is_finished(state_))
        now = occupation::ended;
    else if (state_ == session_state::shutting_down)
        now = occupation::ending;
    else if (state_ == session_state::starting || statements_.has_unfinished())
        now = occupation::busy;
    auto next = next_expiry(now, clocks_, rules_);
    if (next && now == occupation::ended && !reason_.empty()) next->why += " (" + reason_ + ")";
    return next;
}

// To be called after every change that can bring the expiry nearer.
void session::set_alarm() {
    if (const auto next = expires()) timer_.ring_by(next->when);
}

store::session_record session::record() const {
    const json details{{"owner", owner_ ? json(*owner_) : json()},
                       {"created", created_},
                       {"appId", app_id_},
                       {"reason", reason_}};
    store::session_record out;
    out.id = id_;
    out.state = to_string(state_);
    out.request = dump_json(request_as_json(request_));
    out.details = dump_json(details);
    return out;
}

void session::on_connected(const driver::frame& hello) {
    if (state_ != session_state::starting) note("sparkgate: the driver has connected again");
    resend(hello.integer("last_exec", -1));
    repeat_questions();
}

void session::on_disconnected() {
    // The driver may dial again; its death is the shim's word.
    if (is_active(state_)) spdlog::info("session {}: the driver's connection is gone", id_);
}

// "python" is the first phase, sent with the greeting: the JVM had to be up to start the driver.
void session::on_phase(const driver::frame& received) {
    const epoch_ms when = received.integer("t", now_ms());
    if (received.text("name") != "python") return note(timeline_.reached(received.text("name"), when));
    note(timeline_.reached("JVM up", when));
    note(timeline_.reached("driver connected"));
}

void session::on_ready(const driver::frame& received) {
    app_id_ = received.text("app_id");
    ui_url_ = received.text("ui_url");
    note(timeline_.reached("context ready (Spark " + received.text("spark") + ", Scala " +
                           received.text("scala") + ", Java " + received.text("java") + ", Python " +
                           received.text("python") + ", " + app_id_ + ")"));
    apply(session_event::driver_ready);
    send_next();
}

void session::on_start_failed(const driver::frame& received) {
    note("sparkgate: the driver could not start (" + received.text("phase") +
         "): " + received.text("message"));
    if (const auto detail = received.text("detail"); !detail.empty()) note(detail);
    // The SparkSession is made after the session has become idle; it may fail then.
    const bool starting = state_ == session_state::starting;
    begin_stop(received.text("message"), starting ? session_event::start_failed : session_event::stop_asked);
}

}  // namespace sparkgate::session
