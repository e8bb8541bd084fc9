// What a session and a batch have in common: a spark-submit under a shim, from its place in the launch queue
// to its last process, with a directory, a log, a state and a record.
//
// Owned by a program_manager through a shared pointer; coroutines that wait for a program hold one too. All
// calls come from the event loop's thread; none blocks longer than a small file takes.
#pragma once

#include "sparkgate/base/async.hpp"
#include "sparkgate/base/json.hpp"
#include "sparkgate/base/time.hpp"
#include "sparkgate/process/log_file.hpp"
#include "sparkgate/process/log_follower.hpp"
#include "sparkgate/session/alarm_clock.hpp"
#include "sparkgate/session/change_signal.hpp"
#include "sparkgate/session/creation_key.hpp"
#include "sparkgate/session/services.hpp"
#include "sparkgate/session/state.hpp"
#include "sparkgate/session/timeline.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sparkgate::session {

// What a program is born with and keeps.
struct program_identity {
    const char* word;  // "session", "batch": for logs
    std::int64_t id = 0;
    std::optional<std::string> name, owner, proxy_user;
    std::optional<creation_key> key;
};

class program : public std::enable_shared_from_this<program> {
public:
    virtual ~program();
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    std::int64_t id() const { return identity_.id; }
    const std::optional<std::string>& name() const { return identity_.name; }
    const std::optional<std::string>& owner() const { return identity_.owner; }
    const std::optional<std::string>& proxy_user() const { return identity_.proxy_user; }
    const std::optional<creation_key>& key() const { return identity_.key; }
    session_state state() const { return state_; }
    epoch_ms created() const { return created_; }
    const std::string& app_id() const { return app_id_; }  // empty until known
    const std::string& ui_url() const { return ui_url_; }
    // Why it ended, one line; empty while it lives and when a client ended it.
    const std::string& reason() const { return reason_; }
    const redactor& redaction() const { return world_.submit.redaction; }  // for what is shown of a request
    const std::filesystem::path& directory() const { return directory_; }
    process::log_file& log() { return log_; }
    process::log_reader& logs() const { return world_.logs; }
    // `offset`: where a line begins (log_index::offset_of).
    process::log_follower follow_log(std::int64_t offset) const { return {log_.path(), offset}; }
    // Notified at every change that a client may wait for.
    change_signal& changed() { return changed_; }
    // A client asks about it, and may be kept waiting that long for the answer: a heartbeat, for sessions
    // that expire without.
    void heard_from(time_point::duration held = {});
    // How it is shown to clients, as text, and what that was made of and by which view: kept, because it is
    // asked for far more often than it changes. The layer that shows it fills it in.
    struct shown {
        json (*view)(program&, const std::vector<std::string>&);
        session_state state;
        std::string app_id, ui_url, text;
        process::log_file::stamp log;
        std::chrono::steady_clock::time_point looked;  // at the log
    };
    std::optional<shown>& last_shown() { return last_shown_; }
    // Whether no process of it is left.
    bool gone() const { return gone_; }
    // Whether its record cannot be read. It is dead, is shown until somebody removes it, and its record stays
    // as it is: another version of the gateway, or a person, may be able to read it.
    bool damaged() const { return damaged_; }

    // Whether the creation is in the store: the manager's word.
    bool recorded() const { return recorded_; }
    void set_recorded();

    // Before its creation: what is in the place of its directory is nobody's, and goes.
    void clear_place();
    // Makes its directory. Errors: unavailable, no_space.
    result<void> make_directory();
    // Waits for its turn and starts spark-submit. A failure leaves the program dead with the reason in its
    // log: it is not an error of the request. Call once, or abandon().
    void start(launch_queue::place place);
    // Instead of start(), for one of an earlier gateway process that had not ended: goes on with its child,
    // learns how it ended meanwhile, or starts it if that had not been done. The child of a damaged one is
    // ended.
    void resume(launch_queue::place place);
    // Before resume(), and for those that had ended: the shared pointer is there, records may be changed.
    virtual void on_adopted() {}
    // Instead of start(): the program was refused after all. Who waits for its end is told.
    void abandon();

    // Its removal is decided: its directory says so from now on, also to a later gateway process and while
    // the store takes nothing. Errors: unavailable, no_space.
    result<void> mark_removal();
    bool removal_marked() const;

    // Ends it; resolves when no process is left. `reason` is empty when a client asked for it.
    awaitable<void> stop(std::string reason);

    // What it will do by itself if nothing changes.
    virtual std::optional<expiry> expires() const = 0;

    // The change that records it when it is created, and the one that keeps its record true later.
    virtual store::change creation() const = 0;
    virtual store::change update() const = 0;
    // Removes its record; nothing is recorded any more from then on. Errors: unavailable, and it stays.
    virtual awaitable<result<void>> erase() = 0;

protected:
    // `timer` is told when the program expires, and outlives it. `directory` is the program's own.
    program(services& world, alarm_clock& timer, program_identity identity, std::filesystem::path directory);

    // What to run; the directory is there. Errors: the program is dead.
    virtual result<process::child_spec> prepare() = 0;
    virtual void on_launched() = 0;
    // Its child was found again.
    virtual void on_reattached() = 0;
    // spark-submit has ended, on_ended() is next: looks at a piece of what it has printed last. False when
    // all was seen.
    virtual bool look_again() { return false; }
    // spark-submit has ended; nothing when it never ran. Sets state and reason.
    virtual void on_ended(const process::exit_status* how) = 0;
    virtual void on_gone() {}
    // Begins the end that stop() waits for.
    virtual void begin_stop(std::string reason) = 0;

    // What erase() ends with: the change that erases the record.
    awaitable<result<void>> erase_record(store::change erasure);
    bool erased() const { return erased_; }

    void enter(session_state next);
    // After a change: sets the alarm of the expiry, wakes who waits.
    void announce();
    void set_alarm();
    // Ends the processes; at once when none was started.
    void terminate();
    void leave_launch_queue() { place_.leave(); }
    void note(const std::string& line);
    // Starts a coroutine of this program; `what` names it in the log, should an exception escape.
    void spawn_for(const char* what, awaitable<void> work);
    // Resolves when the store has taken what `changes` gives, asked anew for each attempt, or when that is
    // nothing any more.
    awaitable<void> store_until_taken(std::function<std::vector<store::change>()> changes);
    // So for the present state; at once when there is no record.
    awaitable<void> save(std::shared_ptr<program> self);
    void save_soon();
    // What every record keeps, for its details, and how that is read again.
    json common_details() const;
    void restore(session_state state, const json& details);
    void restore_damaged(const error& why);

    services& world_;
    const std::shared_ptr<budgets> memory_;  // it may outlive its manager's
    alarm_clock& timer_;
    const program_identity identity_;
    const std::filesystem::path directory_;
    session_state state_ = session_state::starting;
    epoch_ms created_ = now_ms(), ended_ = 0;
    std::string app_id_, ui_url_, reason_;
    bool gone_ = false;
    session_clocks clocks_;
    timeline timeline_;
    process::log_file log_;
    budget::share request_share_{memory_->requests};  // held by who keeps the request
    std::unique_ptr<process::child> child_;
    change_signal changed_;

private:
    // Runs a step of the start; an exception is a failed start.
    void guarded(const std::function<void()>& step);
    void begin_start(launch_queue::place place);
    void launch();
    void go_on(launch_queue::place place);
    void end_damaged();
    void end_unseen();
    void fail_start(const std::string& why);
    awaitable<void> supervise(std::shared_ptr<program> self);

    launch_queue::place place_;
    bool waits_ = false;  // in the launch queue, or its start has failed
    bool recorded_ = false, erased_ = false, damaged_ = false;
    std::optional<shown> last_shown_;
};

}  // namespace sparkgate::session
