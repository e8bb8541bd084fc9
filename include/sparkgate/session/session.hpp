// One interactive session: its spark-submit child, its driver's connection, its statements.
//
// Owned by the session_manager through a shared pointer; coroutines that wait for a session hold one too. All
// calls come from the event loop's thread; none blocks longer than a small file takes.
#pragma once

#include "sparkgate/base/async.hpp"
#include "sparkgate/base/error.hpp"
#include "sparkgate/base/json.hpp"
#include "sparkgate/config/settings.hpp"
#include "sparkgate/driver/endpoint.hpp"
#include "sparkgate/process/launcher.hpp"
#include "sparkgate/process/log_file.hpp"
#include "sparkgate/session/alarm_clock.hpp"
#include "sparkgate/session/change_signal.hpp"
#include "sparkgate/session/expiry.hpp"
#include "sparkgate/session/statement.hpp"
#include "sparkgate/session/timeline.hpp"
#include "sparkgate/store/store.hpp"

#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace sparkgate::session {

// What every session needs from its surroundings. Outlives all sessions.
struct services {
    boost::asio::any_io_executor executor;
    const config::settings& settings;
    process::launcher& launcher;
    driver::endpoint& endpoint;
    store::store& store;
    boost::asio::thread_pool& blocking;  // for what must not run on the event loop
    process::submit_settings submit;
    std::map<std::string, std::string> environment;  // of the gateway, with SPARK_HOME and PYSPARK_PYTHON
    std::filesystem::path repl_dir;                  // contains driver.py
    std::filesystem::path stop_agent;                // empty: not built
    std::function<time_point()> clock = std::chrono::steady_clock::now;  // that sessions expire by
};

// The part of a statement's printed text that a client has not seen.
struct output_page {
    std::int64_t from = 0, next = 0;  // bytes
    std::string text;
};

// What POST add-jar, add-pyfile, add-file are about.
enum class resource_kind { jar, pyfile, file };

class session : public driver::listener, public std::enable_shared_from_this<session> {
public:
    // `timer` is told when the session expires, and outlives it.
    session(services& world, alarm_clock& timer, std::int64_t id, session_request request,
            std::optional<std::string> owner);
    ~session() override;

    std::int64_t id() const { return id_; }
    session_state state() const { return state_; }
    const session_request& request() const { return request_; }
    const std::optional<std::string>& owner() const { return owner_; }
    const std::string& app_id() const { return app_id_; }  // empty until known
    const std::string& ui_url() const { return ui_url_; }
    // Why it ended, one line; empty while it lives and when a client ended it.
    const std::string& reason() const { return reason_; }
    const std::filesystem::path& directory() const { return directory_; }
    process::log_file& log() { return log_; }
    const statement_queue& statements() const { return statements_; }
    // Notified at every change that a client may wait for.
    change_signal& changed() { return changed_; }
    // Whether no process of it is left.
    bool gone() const { return gone_; }

    // A client uses it: the idle clock begins anew. (Statements and completions say so themselves.)
    void touch();
    // A client asks about it, and may be kept waiting that long for the answer: a heartbeat.
    void heard_from(time_point::duration held = {});
    // What it will do by itself if nothing changes.
    std::optional<expiry> expires() const;

    // Starts spark-submit. A failure leaves the session dead with the reason in its log: it is not an error
    // of the request. Call once, or abandon().
    void launch();
    // Instead of launch(): the session was refused after all. Who waits for its end is told.
    void abandon();

    // Queues a statement; resolves when its record is durable. Errors: conflict (not active), unavailable
    // (store).
    awaitable<result<std::shared_ptr<const statement>>> submit(code_kind kind, std::string code);

    // Asks for a statement's end; unknown and ended ones are left alone.
    void cancel(std::int64_t statement_id);

    // The statement's output in Livy's shape as JSON text ("null" without); large ones come from the store.
    awaitable<result<std::string>> output_of(std::shared_ptr<const statement> which);

    // Printed text from byte `from` on, also while it runs; at most 1 MiB a page, whole characters only.
    output_page printed(std::int64_t statement_id, std::int64_t from) const;

    // Candidates as a JSON array text; "[]" when the driver does not know within about a second.
    awaitable<std::string> complete(code_kind kind, std::string code, std::int64_t cursor);

    // Makes a file available to the session's code: a jar for its JVMs, a Python file for import, any file
    // for SparkFiles. `uri` is one that Spark can read. Errors: invalid_argument with the driver's word (no
    // such file), conflict (not active), busy, timeout.
    awaitable<result<void>> add_resource(resource_kind kind, std::string uri);

    // Writes an uploaded file to where the session's programs can read it; `name` is a mere file name. Two of
    // one name do not meet. `content` must live until this resolves. Errors: unavailable, conflict (removed).
    awaitable<result<std::filesystem::path>> keep_upload(std::string name, std::string_view content);

    // Ends the session; resolves when no process is left. `reason` is empty when a client asked for it.
    awaitable<void> stop(std::string reason);

    store::session_record record() const;

    // driver::listener
    void on_connected(const driver::frame& hello) override;
    void on_frame(driver::frame received) override;
    void on_disconnected() override;

private:
    // Life (session.cpp)
    void fail_start(const std::string& why);
    awaitable<void> supervise(std::shared_ptr<session> self);
    awaitable<void> watch_start(std::shared_ptr<session> self);
    void begin_stop(std::string reason, session_event why);
    void apply(session_event what);
    void set_alarm();
    void note(const std::string& line);
    void on_phase(const driver::frame& received);
    void on_ready(const driver::frame& received);
    void on_start_failed(const driver::frame& received);

    // Statements (session_statements.cpp)
    void send_next();
    void send_exec(const statement& which);
    void resend(std::int64_t last_received);
    void end_statements();
    void drop_old_statements();
    void on_started(const driver::frame& received);
    void on_progress(const driver::frame& received);
    void on_stream(const driver::frame& received);
    void on_cancel_failed(const driver::frame& received);
    void on_answer(driver::frame received);
    void on_result(driver::frame received);
    awaitable<void> record_result(std::shared_ptr<session> self, std::shared_ptr<statement> which,
                                  std::int64_t seq);
    struct question {
        json header;
        std::string payload;
        std::optional<driver::frame> answer;
    };
    // Sends a question, again on each new connection, and waits for its answer; nothing when none came in
    // time, the session ended, or too many wait.
    awaitable<std::optional<driver::frame>> ask(json header, std::string payload,
                                                std::chrono::milliseconds limit);
    void repeat_questions();
    void acknowledge();
    std::filesystem::path stream_path(std::int64_t statement_id) const;

    services& world_;
    alarm_clock& timer_;
    const std::int64_t id_;
    const session_request request_;
    const std::optional<std::string> owner_;
    const std::filesystem::path directory_;
    session_state state_ = session_state::starting;
    epoch_ms created_ = now_ms();
    const config::settings settings_;  // the server's, with what the request's conf says
    const expiry_rules rules_;
    session_clocks clocks_;
    std::string app_id_, ui_url_, reason_;
    bool gone_ = false;
    timeline timeline_;
    process::log_file log_;
    std::unique_ptr<process::child> child_;
    std::unique_ptr<driver::link> link_;
    statement_queue statements_;
    change_signal changed_;

    // Acknowledgements are cumulative: none goes beyond a result that is not in the store yet.
    std::int64_t received_seq_ = 0, acknowledged_seq_ = 0;
    std::set<std::int64_t> unrecorded_results_;  // their seq
    std::int64_t oldest_stream_ = 0;             // printed text of statements below is removed
    std::map<std::int64_t, std::shared_ptr<question>> questions_;  // unanswered, by request number
    std::int64_t next_question_ = 1;
    std::int64_t next_upload_ = 1;
};

}  // namespace sparkgate::session
