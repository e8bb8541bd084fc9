// The life of a session: start, end, states. Its statements are in session_statements.cpp.
#include "sparkgate/session/session.hpp"

#include "record_details.hpp"
#include "start.hpp"

#include "sparkgate/base/crash_point.hpp"
#include "sparkgate/base/own_file.hpp"
#include "sparkgate/config/session_keys.hpp"
#include "sparkgate/obs/log.hpp"
#include "sparkgate/process/application_words.hpp"

#include <sstream>

namespace sparkgate::session {

namespace {

// Of what the driver says in words.
constexpr std::size_t longest_text = 1000, longest_name = 100;
constexpr std::size_t most_detail_lines = 200;

// A key of its conf that this server does not take any more leaves the server's settings.
config::settings own_settings(const config::settings& server, const session_request& request) {
    auto own = config::settings_of_session(server, request.spark.conf);
    return own ? std::move(*own) : server;
}

// The driver knows it from its settings file, and nobody else keeps it.
std::string token_of(const std::filesystem::path& directory) {
    const auto text = read_own_file(directory / "driver.json", 1 << 16);
    if (!text) return make_token();  // no driver can prove itself then, and the start ends in time
    const auto settings = read_object(*text);
    return settings ? text_in(*settings, "token").value_or(make_token()) : make_token();
}

}  // namespace

session::session(services& world, alarm_clock& timer, std::int64_t id, session_request request,
                 std::optional<std::string> owner, std::optional<creation_key> key)
    : program(world, timer,
              {"session", id, request.spark.name, std::move(owner), request.spark.proxy_user, std::move(key)},
              world.settings.state_dir / "sessions" / std::to_string(id)),
      request_(std::move(request)),
      settings_(config::settings_of_session(world.settings, request_.spark.conf).value()),
      rules_(rules_for(settings_, request_)),
      printed_(directory_, settings_.output_limit.value) {
    request_share_.hold(bytes_of(request_));
    set_alarm();
}

// What a record says; of a damaged one the parts that can be read, so that it is found by name and key.
struct session::stored {
    explicit stored(const store::session_record& from) : id(from.id) {
        const auto known = parse_session_state(from.state);
        auto its_details = read_details(from.details);
        const auto its_request = read_object(from.request.value_or(""));
        auto wanted = its_request ? session_request_of(*its_request) : its_request.error();
        if (known)
            state = *known;
        else
            damage = fail(errc::invalid_argument, "the state is unknown");
        if (its_details)
            details = std::move(*its_details);
        else
            damage = fail(errc::invalid_argument, "details: " + its_details.error().message);
        if (wanted)
            request = std::move(*wanted);
        else
            damage = fail(errc::invalid_argument, "request: " + wanted.error().message);
    }

    std::int64_t id;
    session_state state = session_state::dead;
    json details = json::object();
    session_request request;
    std::optional<error> damage;
};

session::session(services& world, alarm_clock& timer, const store::session_record& from,
                 const std::vector<store::statement_record>& statements)
    : session(world, timer, stored(from)) {
    for (const auto& each : statements)
        statements_.restore(each);
    for (const auto& each : statements_.all())
        if (is_final(each->state)) memory_->kept.add(each);
    weigh();
    if (!statements.empty()) oldest_stream_ = statements.front().id;
    if (state_ == session_state::idle && statements_.has_unfinished()) state_ = session_state::busy;
}

session::session(services& world, alarm_clock& timer, stored from)
    : program(world, timer,
              {"session", from.id, from.request.spark.name, text_in(from.details, "owner"),
               from.request.spark.proxy_user, key_in(from.details)},
              world.settings.state_dir / "sessions" / std::to_string(from.id)),
      request_(std::move(from.request)),
      settings_(own_settings(world.settings, request_)),
      rules_(rules_for(settings_, request_)),
      printed_(directory_, settings_.output_limit.value) {
    request_share_.hold(bytes_of(request_));
    if (from.damage)
        restore_damaged(*from.damage);
    else
        restore(from.state, from.details);
}

void session::on_adopted() {
    if (!is_active(state_) || is_finished(state_)) end_statements();
}

session::~session() = default;

std::shared_ptr<session> session::self() {
    return std::static_pointer_cast<session>(shared_from_this());
}

result<process::child_spec> session::prepare() {
    const std::string token = make_token();
    auto driver = prepare_driver(world_, settings_, id(), request_, directory_, token);
    if (!driver) return driver.error();
    for (const auto& each : driver->left_out)
        if (!config::is_session_key(each))
            note("sparkgate: conf " + obs::printable(each) + " is not for Spark and has no meaning here");
    for (const auto& each : driver->remarks)
        note("sparkgate: " + obs::printable(each));
    process::child_spec spec;
    spec.argv = std::move(driver->argv);
    spec.orphan_timeout = world_.settings.session_orphan_timeout;
    spec.env = process::child_environment(world_.environment, driver->environment);
    link_ = world_.endpoint.expect(id(), token, *this);
    return spec;
}

void session::on_launched() {
    spawn_for("the watch of its start", watch_start(self()));
}

// A driver that lives dials again, and says what it did meanwhile.
void session::on_reattached() {
    link_ = world_.endpoint.expect(id(), token_of(directory_), *this);
    driver_unheard_ = true;
    if (state_ == session_state::starting) on_launched();
    if (state_ == session_state::shutting_down) terminate();
}

void session::on_ended(const process::exit_status* how) {
    if (!how) return apply(session_event::all_gone);
    if (reason_.empty() && !how->ended_by_us) {
        reason_ = how->text();
        if (state_ == session_state::starting)
            reason_ += " while starting (last phase: " + timeline_.last_phase() + ")";
    }
    note("sparkgate: spark-submit has ended: " + how->text());
    apply(session_event::program_ended);
}

void session::on_gone() {
    link_.reset();
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
        spdlog::info("session {} ends: {}", id(), obs::printable(reason, longest_text));
        reason_ = std::move(reason);
    }
    apply(why);
    terminate();
}

void session::apply(session_event what) {
    const auto next = after(state_, what);
    if (!next || *next == state_) return;
    enter(*next);
    if (state_ != session_state::starting) leave_launch_queue();
    if (state_ == session_state::idle) touch();
    if (!is_active(state_)) end_statements();
    if (is_finished(state_)) timer_.ring_by(world_.clock());  // more may have ended now than are kept
    // Idle and busy alternate with every statement: not worth a record of their own.
    if (state_ != session_state::busy && what != session_event::work_ends) program::save_soon();
    announce();
}

void session::touch() {
    clocks_.last_activity = world_.clock();
}

std::optional<expiry> session::expires() const {
    if (damaged()) return {};
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

awaitable<result<void>> session::erase() {
    uploads_->close();
    const auto erased = co_await erase_statements(erasure_steps(statements_.all().size()));
    if (!erased) co_return erased;
    store::change erasure = store::erase_session{id()};
    co_return co_await erase_record(std::move(erasure));
}

store::change session::creation() const {
    auto out = record();
    out.request = dump_json(as_json(request_));
    return store::put_session{std::move(out)};
}

store::change session::update() const {
    return store::put_session{record()};
}

store::session_record session::record() const {
    store::session_record out;
    out.id = id();
    out.state = to_string(state_);
    out.details = dump_json(common_details());
    return out;
}

void session::on_connected(const driver::frame& hello) {
    if (state_ != session_state::starting) remark("sparkgate: the driver has connected again");
    const auto last_exec = hello.integer("last_exec", -1);
    driver_unheard_ = false;
    take_in(last_exec);
    resend(last_exec);
    repeat_questions();
}

void session::on_disconnected() {
    // The driver may dial again; its death is the shim's word.
    if (is_active(state_) && remarks_left_ > 0)
        spdlog::info("session {}: the driver's connection is gone", id());
}

// "python" is the first phase, sent with the greeting: the JVM had to be up to start the driver.
void session::on_phase(const driver::frame& received) {
    const epoch_ms when = time_of(received, now_ms());
    const auto name = obs::printable(received.text("name"), longest_name);
    if (name != "python") return remark(timeline_.reached(name, when));
    remark(timeline_.reached("JVM up", when));
    remark(timeline_.reached("driver connected"));
}

void session::on_ready(const driver::frame& received) {
    if (state_ != session_state::starting) return;  // said before, and repeated
    app_id_ = received.text("app_id");
    ui_url_ = received.text("ui_url");
    if (!process::is_app_id(app_id_)) {
        object_to("an application id that is none");
        app_id_.clear();
    }
    if (!ui_url_.empty() && !process::is_page_url(ui_url_)) {
        object_to("a ui_url that is no URL of a page");
        ui_url_.clear();
    }
    const auto word = [&received](const char* key) {
        return obs::printable(received.text(key), longest_name);
    };
    note(timeline_.reached("context ready (Spark " + word("spark") + ", Scala " + word("scala") + ", Java " +
                           word("java") + ", Python " + word("python") + ", " + app_id_ + ")"));
    apply(session_event::driver_ready);
    crash_point("ready.received");
    const auto seq = received.integer("seq");
    unrecorded_.insert(seq);
    spawn_for("the record of its start", record_ready(self(), seq));
    send_next();
}

// The driver says it once: who comes after this gateway has to know.
awaitable<void> session::record_ready(std::shared_ptr<session> /* kept alive */, std::int64_t seq) {
    co_await program::save(self());
    crash_point("ready.stored");
    unrecorded_.erase(seq);
    acknowledge();
}

void session::on_start_failed(const driver::frame& received) {
    const auto message = obs::printable(received.text("message"), longest_text);
    remark("sparkgate: the driver could not start (" + obs::printable(received.text("phase"), longest_name) +
           "): " + message);
    std::istringstream detail(received.text("detail"));
    std::string line;
    for (std::size_t i = 0; i < most_detail_lines && std::getline(detail, line); ++i)
        remark("driver: " + line);
    // The SparkSession is made after the session has become idle; it may fail then.
    const bool starting = state_ == session_state::starting;
    begin_stop(message, starting ? session_event::start_failed : session_event::stop_asked);
}

}  // namespace sparkgate::session
