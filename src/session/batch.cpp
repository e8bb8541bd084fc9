#include "sparkgate/session/batch.hpp"

#include "record_details.hpp"
#include "start.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/obs/log.hpp"
#include "sparkgate/process/java_properties.hpp"
#include "sparkgate/process/spark_ui.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fcntl.h>

namespace sparkgate::session {
namespace {

// Between two looks at the output of one whose application is not known.
constexpr std::chrono::milliseconds look_pause{50}, late_look_pause{2000};
// A program that has shown nothing of Spark by then does not hold up the others any longer.
constexpr auto longest_start = std::chrono::seconds(30);
// After its UI was seen.
constexpr auto longest_registration = std::chrono::seconds(10);
constexpr std::size_t look_bytes = 1 << 20;  // at one look
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

// What was written since `offset`, which moves on.
std::string read_news(const std::filesystem::path& log, std::int64_t& offset) {
    const unique_fd fd(::open(log.c_str(), O_RDONLY | O_CLOEXEC));
    std::string out(look_bytes, '\0');
    const auto n = fd ? ::pread(fd.get(), out.data(), out.size(), offset) : 0;
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    offset += static_cast<std::int64_t>(out.size());
    return out;
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
      request_(std::move(request)) {}

batch::batch(services& world, alarm_clock& timer, const store::batch_record& from)
    : batch(world, timer, from.id, parse_details(from.details), from.state) {
    if (is_finished(state_)) return;
    request_ = batch_request_of(parse_details(from.request.value_or("")));
}

batch::batch(services& world, alarm_clock& timer, std::int64_t id, const json& details,
             std::string_view state)
    : program(world, timer, identity_of(id, details), directory_of(world, id)) {
    restore(state, details);
}

batch::~batch() = default;

std::optional<expiry> batch::expires() const {
    if (!is_finished(state_)) return {};
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
    const auto spark_defaults = read_spark_defaults(world_.submit.conf_dir);
    if (!spark_defaults) return spark_defaults.error();

    process::submit_job job;
    job.app_tag = make_app_tag("batch", id());
    job.imposed = batch_conf(world_);
    job.primary_resource = std::move(*file);
    job.arguments = request_->args;
    job.properties_file = directory_ / "spark.properties";
    auto submission = process::make_submission(world_.submit, request_->spark, std::move(prepared->conf),
                                               *spark_defaults, job);
    auto written = write_file_atomically(job.properties_file, process::to_properties(submission.conf));
    if (!written) return written.error();
    for (const auto& each : prepared->left_out)
        note("sparkgate: conf " + obs::printable(each) + " is not for Spark and has no meaning here");
    process::child_spec spec;
    spec.argv = std::move(submission.argv);
    spec.orphan_timeout = world_.settings.batch_orphan_timeout;
    const std::map<std::string, std::optional<std::string>> own{
        {"SPARKGATE_BATCH_ID", std::to_string(id())},
        {"SPARKGATE_STATE_DIR", world_.settings.state_dir.string()},
        {"PYTHONUNBUFFERED", "1"}};
    spec.env = process::child_environment(world_.environment, own);
    return spec;
}

void batch::on_launched() {
    on_reattached();
}

// Also one that an earlier gateway process started in the moment of its death, before it could say so.
void batch::on_reattached() {
    if (!is_clusters(world_.submit.rules.master)) apply(batch_event::runs);
    asio::co_spawn(world_.executor, watch_application(std::static_pointer_cast<batch>(shared_from_this())),
                   asio::detached);
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
        // The driver's own page is gone with it; that of a cluster manager stays.
        if (!is_clusters(world_.submit.rules.master)) ui_url_.clear();
    }
    save_soon();
    announce();
}

// Until all is known that its output tells, or it has ended. Its start, for which others may be waiting, is
// over when Spark is seen to be up.
awaitable<void> batch::watch_application(std::shared_ptr<batch> self) {
    process::application_output output;
    std::int64_t offset = 0;
    const auto begin = std::chrono::steady_clock::now();
    asio::steady_timer timer(world_.executor);
    while (!is_finished(state_) && offset < most_bytes) {
        const bool late = std::chrono::steady_clock::now() - begin > longest_start;
        if (late) leave_launch_queue();
        timer.expires_after(late ? late_look_pause : look_pause);
        (void)co_await timer.async_wait(as_tuple);
        output.take(read_news(log_.path(), offset));
        if (is_finished(state_) || !take_facts(output.facts())) continue;
        if (const auto port = output.facts().ui_port; port && ui_url_.empty())
            co_await find_application(self, *port);
        break;
    }
    leave_launch_queue();
}

// True when nothing more is to come.
bool batch::take_facts(const process::application_facts& facts) {
    const auto& master = world_.submit.rules.master;
    if (!facts.app_id.empty()) app_id_ = facts.app_id;
    if (!facts.tracking_url.empty()) ui_url_ = facts.tracking_url;
    if (!facts.app_id.empty() || facts.driver_started) leave_launch_queue();
    if (!is_clusters(master)) return facts.driver_started;
    const auto& state = facts.cluster_state;
    if (state == "RUNNING" || state == "Running") apply(batch_event::runs);
    return state_ == session_state::running;
}

// The driver registers its application a moment after its UI is up. A short application is soon over, and its
// UI with it: hence the short pauses.
awaitable<void> batch::find_application(std::shared_ptr<batch> /* kept alive */, std::uint16_t ui_port) {
    asio::steady_timer timer(world_.executor);
    const auto local_ip = world_.environment.find("SPARK_LOCAL_IP");
    const asio::ip::tcp::endpoint ui(
        process::ui_address(local_ip == world_.environment.end() ? "" : local_ip->second), ui_port);
    const auto end = std::chrono::steady_clock::now() + longest_registration;
    while (!is_finished(state_) && std::chrono::steady_clock::now() < end) {
        auto found = co_await process::ask_spark_ui(world_.executor, ui);
        if (found && !is_finished(state_)) {
            app_id_ = std::move(found->app_id);
            ui_url_ = std::move(found->url);
            save_soon();
            changed_.notify();
            co_return;
        }
        timer.expires_after(look_pause);
        (void)co_await timer.async_wait(as_tuple);
    }
}

}  // namespace sparkgate::session
