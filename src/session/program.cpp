#include "sparkgate/session/program.hpp"

#include "pause.hpp"
#include "record_details.hpp"

#include "sparkgate/base/crash_point.hpp"
#include "sparkgate/base/files.hpp"
#include "sparkgate/base/own_file.hpp"
#include "sparkgate/base/remove_tree.hpp"
#include "sparkgate/base/spawn.hpp"
#include "sparkgate/obs/log.hpp"

#include <boost/asio/post.hpp>

#include <sys/stat.h>
#include <unistd.h>

namespace sparkgate::session {
namespace {

constexpr auto removal_mark = "removed";  // an empty file in the directory
constexpr std::size_t longest_note = 4096;

// Something else that was put in the place of a program's directory goes: its removal must not depend on
// that.
void make_way(const std::filesystem::path& directory) {
    struct stat found {};
    if (::lstat(directory.c_str(), &found) == 0 && !S_ISDIR(found.st_mode)) ::unlink(directory.c_str());
}

}  // namespace

program::program(services& world, alarm_clock& timer, program_identity identity,
                 std::filesystem::path directory)
    : world_(world),
      memory_(world.memory),
      timer_(timer),
      identity_(std::move(identity)),
      directory_(std::move(directory)),
      log_(directory_ / "output.log") {
    clocks_.started = clocks_.last_activity = clocks_.last_contact = world_.clock();
}

program::~program() = default;

void program::note(const std::string& line) {
    if (auto done = log_.append(obs::printable(line, longest_note)); !done)
        spdlog::debug("{} {}: {}", identity_.word, id(), done.error().message);
}

void program::spawn_for(const char* what, awaitable<void> work) {
    spawn(world_.executor, fmt::format("{} {}: {}", identity_.word, id(), what), std::move(work));
}

void program::set_recorded() {
    recorded_ = true;
    changed_.notify();
}

awaitable<void> program::store_until_taken(std::function<std::vector<store::change>()> changes) {
    for (auto now = changes(); !now.empty(); now = changes()) {
        const auto written = co_await world_.store.commit(std::move(now));
        if (written) co_return;
        co_await pause(world_.executor, store_pause);
    }
}

awaitable<void> program::save(std::shared_ptr<program> /* kept alive */) {
    auto present = [this] {
        std::vector<store::change> out;
        if (recorded_ && !erased_ && !damaged_) out.push_back(update());
        return out;
    };
    co_await store_until_taken(std::move(present));
}

void program::save_soon() {
    if (recorded_) spawn_for("its record", save(shared_from_this()));
}

awaitable<result<void>> program::erase_record(store::change erasure) {
    erased_ = true;
    std::vector<store::change> changes;
    changes.push_back(std::move(erasure));
    auto done = co_await world_.store.commit(std::move(changes));
    if (!done) erased_ = false;
    co_return done;
}

void program::heard_from(time_point::duration held) {
    clocks_.last_contact = std::max(clocks_.last_contact, world_.clock() + held);
}

void program::abandon() {
    gone_ = true;
    on_ended(nullptr);
    announce();
}

// Numbers are foreseeable: the code of another session may have been there before.
void program::clear_place() {
    if (!is_taken(directory_)) return;
    const auto aside = directory_.string() + ".aside-" + std::to_string(now_ms());
    if (::rename(directory_.c_str(), aside.c_str()) != 0) return;
    world_.workers.post(lane::slow, "the removal of what was in its place",
                        [aside] { (void)remove_tree(aside); });
}

result<void> program::make_directory() {
    return make_private_directory(directory_ / "work");
}

void program::guarded(const std::function<void()>& step) {
    try {
        step();
    } catch (const std::exception& bug) {
        const auto why = std::string("internal failure: ") + bug.what();
        if (child_)
            begin_stop(why);
        else
            fail_start(why);
    }
}

void program::start(launch_queue::place place) {
    guarded([&] { begin_start(std::move(place)); });
}

void program::begin_start(launch_queue::place place) {
    if (state_ != session_state::starting) return abandon();  // stopped before it was started
    if (auto made = make_directory(); !made) return fail_start(made.error().message);
    note(timeline_.reached("queued"));
    waits_ = true;
    place_ = std::move(place);
    // Users wait for their own programs only, whoever asks on their behalf.
    const auto& user = owner() ? owner() : proxy_user();
    place_.wait(user.value_or(std::string()),
                [self = shared_from_this()] { self->guarded([&self] { self->launch(); }); });
}

void program::launch() {
    auto spec = prepare();
    if (!spec) return fail_start(spec.error().message);
    spec->dir = directory_;
    spec->working_directory = directory_ / "work";
    spec->grace = world_.settings.kill_grace;
    spec->log_limit = world_.settings.log_max_size.value;
    spec->server_lock = world_.settings.state_dir / "lock";
    crash_point("launch.prepared");
    auto launched = world_.launcher.launch(*spec);
    if (!launched) return fail_start(launched.error().message);
    waits_ = false;
    child_ = std::move(*launched);
    spawn_for("its supervision", supervise(shared_from_this()));
    note(timeline_.reached("spawned " + spec->argv[0]));
    crash_point("launch.watched");
    on_launched();
}

void program::resume(launch_queue::place place) {
    if (damaged_) return end_damaged();
    guarded([&] { go_on(std::move(place)); });
}

void program::end_damaged() {
    (void)make_directory();  // for the remark; it may be missing, too
    const auto newest = log_.last_lines(1).lines;
    if (const auto remark = "sparkgate: " + reason_; newest.empty() || newest[0] != remark) note(remark);
    auto found = world_.launcher.reattach(directory_);
    if (!found) return;
    gone_ = false;
    child_ = std::move(*found);
    child_->terminate();
    spawn_for("its supervision", supervise(shared_from_this()));
}

void program::go_on(launch_queue::place place) {
    auto found = world_.launcher.reattach(directory_);
    // Whose record says that it has run is never started again, whatever its directory says.
    if (!found && state_ == session_state::starting && !process::was_started(directory_))
        return removal_marked() ? abandon() : start(std::move(place));
    if (!found) return end_unseen();
    child_ = std::move(*found);
    spawn_for("its supervision", supervise(shared_from_this()));
    note("sparkgate: the server was started anew");
    if (state_ == session_state::starting) {
        place_ = std::move(place);
        place_.wait({}, [] {});
    }
    on_reattached();
}

// Its end is in its directory, unless the machine has stopped.
void program::end_unseen() {
    auto how = process::read_exit(directory_);
    if (!how) {
        how = process::exit_status();
        how->problem = "its processes vanished while no server ran (was the machine restarted?)";
    }
    if (how->ended_by_us && reason_.empty()) reason_ = "it was ended while no server ran";
    gone_ = true;
    while (look_again()) {
    }
    on_ended(&*how);
    on_gone();
    announce();
}

void program::fail_start(const std::string& why) {
    note("sparkgate: the " + std::string(identity_.word) + " could not be started: " + why);
    spdlog::warn("{} {} could not be started: {}", identity_.word, id(), obs::printable(why));
    reason_ = why;
    on_gone();
    abandon();
    place_.leave();
}

awaitable<void> program::supervise(std::shared_ptr<program> /* kept alive */) {
    const process::exit_status status = co_await child_->wait_exit();
    spdlog::info("{} {}: spark-submit has ended: {}", identity_.word, id(), status.text());
    crash_point("end.seen");
    while (look_again())
        co_await asio::post(world_.executor, asio::use_awaitable);
    on_ended(&status);
    crash_point("end.told");
    place_.leave();
    co_await child_->wait_gone();
    gone_ = true;
    on_gone();
    changed_.notify();
}

result<void> program::mark_removal() {
    if (removal_marked()) return {};
    make_way(directory_);
    if (auto made = make_private_directory(directory_); !made) return made;
    const auto mark = open_own_file(directory_ / removal_mark, own_access::write);
    if (!mark) return mark.error();
    return {};
}

bool program::removal_marked() const {
    struct stat found {};
    return ::lstat((directory_ / removal_mark).c_str(), &found) == 0;
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
    if (!is_finished(state_)) return;
    clocks_.ended = world_.clock();
    ended_ = now_ms();
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
             {"sparkUiUrl", ui_url_},
             {"reason", reason_},
             {"ended", ended_}};
    if (key()) {
        out["idempotencyKey"] = key()->key;
        out["fingerprint"] = key()->fingerprint;
    }
    return out;
}

void program::restore_damaged(const error& why) {
    restore(session_state::dead, json::object());
    damaged_ = true;
    reason_ = "its record cannot be read: " + why.message;
}

void program::restore(session_state state, const json& details) {
    state_ = state;
    gone_ = is_finished(state_);
    recorded_ = true;
    created_ = time_in(details, "created").value_or(created_);
    ended_ = time_in(details, "ended").value_or(0);
    app_id_ = text_in(details, "appId").value_or("");
    ui_url_ = text_in(details, "sparkUiUrl").value_or("");
    reason_ = text_in(details, "reason").value_or("");
    // The time in which no gateway ran counts, too.
    const auto now = now_ms();
    clocks_.started -= std::chrono::milliseconds(now - created_);
    clocks_.ended = world_.clock() - std::chrono::milliseconds(now - ended_);
}

}  // namespace sparkgate::session
