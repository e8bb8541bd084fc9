#include "sparkgate/session/batch.hpp"

#include "record_details.hpp"
#include "start.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/obs/log.hpp"
#include "sparkgate/process/java_properties.hpp"
#include "sparkgate/process/spark_ui.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace sparkgate::session {
namespace {

// Between two looks at the output of one whose application is not known.
constexpr std::chrono::milliseconds look_pause{50}, late_look_pause{2000};
// A program that has shown nothing of Spark by then does not hold up the others any longer.
constexpr auto longest_start = std::chrono::seconds(30);
// After its UI was seen.
constexpr auto usual_registration = std::chrono::seconds(10);
// Whoever has printed so much without Spark's lines will not have them.
constexpr std::int64_t most_bytes = 64 << 20;

std::filesystem::path directory_of(const services& world, std::int64_t id) {
    return world.settings.state_dir / "batches" / std::to_string(id);
}

program_identity identity_of(std::int64_t id, const json& details) {
    return {"batch",
            id,
            text_in(details, "name"),
            text_in(details, "owner"),
            text_in(details, "proxyUser"),
            key_in(details)};
}

// In cluster mode spark-submit's end has to be the application's: nobody else watches it.
process::conf_map batch_conf(const services& world) {
    const auto& master = world.submit.rules.master;
    if (process::is_yarn(master)) return {{"spark.yarn.submit.waitAppCompletion", "true"}};
    if (process::is_kubernetes(master)) return {{"spark.kubernetes.submission.waitAppCompletion", "true"}};
    return {};
}

bool is_clusters(const std::string& master) {
    return process::is_yarn(master) || process::is_kubernetes(master);
}

}  // namespace

batch::batch(services& world, alarm_clock& timer, std::int64_t id, batch_request request,
             std::optional<std::string> owner, std::optional<creation_key> key)
    : program(world, timer,
              {"batch", id, request.spark.name, std::move(owner), request.spark.proxy_user, std::move(key)},
              directory_of(world, id)),
      request_(std::move(request)),
      seen_(std::make_unique<sight>(follow_log(0))) {
    request_share_.hold(bytes_of(*request_));
}

// What a record says. The request counts until the batch has ended.
struct batch::stored {
    explicit stored(const store::batch_record& from) : id(from.id) {
        const auto known = parse_session_state(from.state);
        auto its_details = read_details(from.details);
        if (its_details)
            details = std::move(*its_details);
        else
            damage = fail(errc::invalid_argument, "details: " + its_details.error().message);
        if (!known) damage = fail(errc::invalid_argument, "the state is unknown");
        if (known) state = *known;
        if (is_finished(state)) return;
        const auto object = read_object(from.request.value_or(""));
        auto wanted = object ? batch_request_of(*object) : object.error();
        if (wanted)
            request = std::move(*wanted);
        else
            damage = fail(errc::invalid_argument, "request: " + wanted.error().message);
    }

    std::int64_t id;
    session_state state = session_state::dead;
    json details = json::object();
    std::optional<batch_request> request;
    std::optional<error> damage;
};

batch::batch(services& world, alarm_clock& timer, const store::batch_record& from)
    : batch(world, timer, stored(from)) {}

batch::batch(services& world, alarm_clock& timer, stored from)
    : program(world, timer, identity_of(from.id, from.details), directory_of(world, from.id)),
      request_(std::move(from.request)) {
    if (from.damage)
        restore_damaged(*from.damage);
    else
        restore(from.state, from.details);
    if (!is_finished(state_)) seen_ = std::make_unique<sight>(follow_log(0));
    if (request_) request_share_.hold(bytes_of(*request_));
}

batch::~batch() = default;

std::optional<expiry> batch::expires() const {
    if (!is_finished(state_) || damaged()) return {};
    expiry_rules rules;
    if (world_.settings.batch_retain_time.count() > 0) rules.retention = world_.settings.batch_retain_time;
    return next_expiry(occupation::ended, clocks_, rules);
}

store::change batch::creation() const {
    auto out = record();
    out.request = dump_json(as_json(*request_));
    return store::put_batch{std::move(out)};
}

awaitable<result<void>> batch::erase() {
    store::change erasure = store::erase_batch{id()};
    co_return co_await erase_record(std::move(erasure));
}

store::batch_record batch::record() const {
    json details = common_details();
    details["name"] = name() ? json(*name()) : json();
    details["proxyUser"] = proxy_user() ? json(*proxy_user()) : json();
    store::batch_record out;
    out.id = id();
    out.state = to_string(state_);
    out.details = dump_json(details);
    return out;
}

result<process::child_spec> batch::prepare() {
    const auto& rules = world_.submit.rules;
    auto prepared = process::prepare_conf(request_->spark, rules);
    if (!prepared) return prepared.error();
    auto file = process::resolve_file(request_->file, rules.files);
    if (!file) return file.error();
    auto spark = read_spark_files(world_);
    if (!spark) return spark.error();

    process::submit_job job;
    job.app_tag = make_app_tag("batch", id());
    job.imposed = batch_conf(world_);
    job.doors = std::move(spark->doors);
    job.primary_resource = std::move(*file);
    job.arguments = request_->args;
    job.properties_file = directory_ / "spark.properties";
    auto submission = process::make_submission(world_.submit, request_->spark, std::move(prepared->conf),
                                               spark->defaults, job);
    auto written = write_unsynced_file(job.properties_file, process::to_properties(submission.conf));
    if (!written) return written.error();
    for (const auto& each : prepared->left_out)
        note("sparkgate: conf " + obs::printable(each) + " is not for Spark and has no meaning here");
    for (const auto& each : prepared->remarks)
        note("sparkgate: " + obs::printable(each));
    process::child_spec spec;
    spec.argv = std::move(submission.argv);
    spec.orphan_timeout = world_.settings.batch_orphan_timeout;
    environment_changes own{{"SPARKGATE_BATCH_ID", std::to_string(id())},
                            {"SPARKGATE_STATE_DIR", world_.settings.state_dir.string()},
                            {"PYTHONUNBUFFERED", "1"}};
    own.merge(job.doors.environment);
    spec.env = process::child_environment(world_.environment, own);
    return spec;
}

void batch::on_launched() {
    on_reattached();
}

// Also one that an earlier gateway process started in the moment of its death, before it could say so.
void batch::on_reattached() {
    if (!is_clusters(world_.submit.rules.master)) apply(batch_event::runs);
    spawn_for("the search for its application",
              watch_application(std::static_pointer_cast<batch>(shared_from_this())));
}

void batch::on_ended(const process::exit_status* how) {
    if (how && how->code == 0) return apply(batch_event::succeeded);
    if (how) note("sparkgate: spark-submit has ended: " + how->text());
    // An earlier gateway process may have asked for it.
    const bool by_us = how ? how->ended_by_us : stopping_;
    if (reason_.empty() && how && !by_us) reason_ = how->text();
    apply(by_us ? batch_event::killed : batch_event::failed);
}

// The state stays until the program has ended, as in Livy.
void batch::begin_stop(std::string reason) {
    if (is_finished(state_) || stopping_) return;
    stopping_ = true;
    if (!reason.empty()) {
        note("sparkgate: the batch ends: " + reason);
        reason_ = std::move(reason);
    }
    terminate();
}

void batch::apply(batch_event what) {
    const auto next = after(state_, what);
    if (!next) return;
    enter(*next);
    if (is_finished(state_)) {
        timer_.ring_by(world_.clock());  // more may have ended now than are kept
        request_.reset();
        seen_.reset();
        request_share_.hold(0);
        // The driver's own page is gone with it; that of a cluster manager stays.
        if (!is_clusters(world_.submit.rules.master)) ui_url_.clear();
    }
    save_soon();
    announce();
}

// Until all is known that its output tells, or it has ended. Its start, for which others may be waiting, is
// over when Spark is seen to be up.
awaitable<void> batch::watch_application(std::shared_ptr<batch> self) {
    const auto begin = std::chrono::steady_clock::now();
    asio::steady_timer timer(world_.executor);
    while (seen_ && !knows_all()) {
        const bool late = std::chrono::steady_clock::now() - begin > longest_start;
        if (late) leave_launch_queue();
        timer.expires_after(late ? late_look_pause : look_pause);
        (void)co_await timer.async_wait(as_tuple);
        while (look_again())
            co_await asio::post(world_.executor, asio::use_awaitable);
    }
    leave_launch_queue();
    if (!seen_) co_return;
    if (const auto port = seen_->output.facts().ui_port; port && ui_url_.empty())
        co_await find_application(self, *port);
}

bool batch::look_again() {
    if (!seen_ || knows_all()) return false;
    const auto news = seen_->log.read();
    seen_->bytes += static_cast<std::int64_t>(news.size());
    seen_->output.take(news);
    take_facts(seen_->output.facts());
    return !news.empty();
}

void batch::take_facts(const process::application_facts& facts) {
    if (!facts.app_id.empty()) app_id_ = facts.app_id;
    if (!facts.tracking_url.empty()) ui_url_ = facts.tracking_url;
    if (!facts.app_id.empty() || facts.driver_started) leave_launch_queue();
    const auto& state = facts.cluster_state;
    if (state == "RUNNING" || state == "Running") apply(batch_event::runs);
}

bool batch::knows_all() const {
    if (seen_->bytes >= most_bytes) return true;
    return is_clusters(world_.submit.rules.master) ? state_ == session_state::running
                                                   : seen_->output.facts().driver_started;
}

// The driver registers its application a moment after its UI is up. A short application is soon over, and its
// UI with it: hence the short pauses. On a busy host it may take long.
awaitable<void> batch::find_application(std::shared_ptr<batch> /* kept alive */, std::uint16_t ui_port) {
    asio::steady_timer timer(world_.executor);
    const auto local_ip = world_.environment.find("SPARK_LOCAL_IP");
    const auto addresses = process::ui_addresses(
        {local_ip == world_.environment.end() ? "" : local_ip->second, world_.submit.rules.doors.local_ip});
    const auto usual = std::chrono::steady_clock::now() + usual_registration;
    while (!is_finished(state_)) {
        for (const auto& address : addresses) {
            const asio::ip::tcp::endpoint ui(address, ui_port);
            auto found = co_await process::ask_spark_ui(world_.executor, ui);
            if (is_finished(state_)) co_return;
            if (!found) continue;
            app_id_ = std::move(found->app_id);
            ui_url_ = std::move(found->url);
            save_soon();
            changed_.notify();
            co_return;
        }
        timer.expires_after(std::chrono::steady_clock::now() < usual ? look_pause : late_look_pause);
        (void)co_await timer.async_wait(as_tuple);
    }
}

}  // namespace sparkgate::session
