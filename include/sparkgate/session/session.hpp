// One interactive session: a program whose spark-submit runs a driver, the driver's connection, its
// statements.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/session/printed_output.hpp"
#include "sparkgate/session/program.hpp"
#include "sparkgate/session/request.hpp"
#include "sparkgate/session/statement.hpp"
#include "sparkgate/session/upload.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace sparkgate::session {

// What POST add-jar, add-pyfile, add-file are about.
enum class resource_kind { jar, pyfile, file };
enum class addition { done, pending };  // pending: the driver has been asked, but has not said yet

class session : public program, public driver::listener {
public:
    session(services& world, alarm_clock& timer, std::int64_t id, session_request request,
            std::optional<std::string> owner, std::optional<creation_key> key);
    // One of an earlier gateway process, by its records; `statements` are its own, by id. One that had not
    // ended is to be resumed.
    session(services& world, alarm_clock& timer, const store::session_record& from,
            const std::vector<store::statement_record>& statements);
    ~session() override;

    const session_request& request() const { return request_; }
    const statement_queue& statements() const { return statements_; }
    // When a client was last told that it is starting: kept for the layer that shows it.
    std::chrono::steady_clock::time_point& told_starting() { return told_starting_; }

    // A client uses it: the idle clock begins anew. (Statements and completions say so themselves.)
    void touch();
    // Queues a statement; resolves when its record is durable. Errors: conflict (not active), busy (too much
    // waits already), too_large (more code than may wait), unavailable (store).
    awaitable<result<std::shared_ptr<const statement>>> submit(code_kind kind, std::string code);

    // Asks for a statement's end, and resolves when the store knows; unknown and ended ones are left alone.
    // Errors: unavailable for one that waits, which goes on waiting. One that runs is cancelled in any case,
    // and the store is told until it takes it.
    awaitable<result<void>> cancel(std::int64_t statement_id);

    // The statement's code, and its output in Livy's shape as JSON text ("null" without); from the store
    // where they are not in memory. Errors: not_found, unavailable.
    awaitable<result<shared_text>> code_of(std::shared_ptr<const statement> which);
    awaitable<result<shared_text>> output_of(std::shared_ptr<const statement> which);

    // What statements have printed, also while they run.
    const printed_output& printed() const { return printed_; }

    // Candidates as a JSON array text; "[]" when the driver does not know within about a second.
    awaitable<std::string> complete(code_kind kind, std::string code, std::int64_t cursor);

    // Makes a file available to the session's code: a jar for its JVMs, a Python file for import, any file
    // for SparkFiles. `uri` is one that Spark can read. Errors, after which it will not be added:
    // invalid_argument with the driver's word (no such file), conflict (not active), busy, unavailable (the
    // driver was not reached within `limit`).
    awaitable<result<addition>> add_resource(resource_kind kind, std::string uri,
                                             std::chrono::milliseconds limit = std::chrono::minutes(1));

    // For a file that a client brings; `name` is a mere file name. Two of one name do not meet.
    std::unique_ptr<upload> begin_upload(std::string name);

    // program
    std::optional<expiry> expires() const override;
    store::change creation() const override;
    store::change update() const override;
    awaitable<result<void>> erase() override;

    // driver::listener
    void on_connected(const driver::frame& hello) override;
    void on_frame(driver::frame received) override;
    void on_disconnected() override;

private:
    // Life (session.cpp)
    void on_adopted() override;
    result<process::child_spec> prepare() override;
    void on_launched() override;
    void on_reattached() override;
    void on_ended(const process::exit_status* how) override;
    void on_gone() override;
    void begin_stop(std::string reason) override { begin_stop(std::move(reason), session_event::stop_asked); }
    void begin_stop(std::string reason, session_event why);
    std::shared_ptr<session> self();
    awaitable<void> watch_start(std::shared_ptr<session> self);
    void apply(session_event what);
    store::session_record record() const;
    struct stored;
    session(services& world, alarm_clock& timer, stored from);
    awaitable<void> record_ready(std::shared_ptr<session> self, std::int64_t seq);
    void on_phase(const driver::frame& received);
    void on_ready(const driver::frame& received);
    void on_start_failed(const driver::frame& received);

    // Statements (session_statements.cpp)
    result<void> check_room(std::size_t code) const;
    void weigh();  // after a change of what waits or runs
    void send_next();
    void send_exec(const statement& which);
    void take_in(std::int64_t last_received);
    void resend(std::int64_t last_received);
    void take_back(const std::shared_ptr<statement>& which);
    void end_statements();
    void drop_old_statements();
    // Removes the records of statements below each of these ids in turn: one transaction for many large
    // outputs would hold up everybody else.
    awaitable<result<void>> erase_statements(std::vector<std::int64_t> steps);
    awaitable<void> forget_statements(std::shared_ptr<session> self, std::vector<std::int64_t> steps);
    // For the oldest `count`.
    std::vector<std::int64_t> erasure_steps(std::size_t count) const;
    void on_started(const driver::frame& received);
    void on_progress(const driver::frame& received);
    void on_stream(const driver::frame& received);
    void on_cancel_failed(const driver::frame& received);
    void on_answer(driver::frame received);
    void on_result(driver::frame received);
    awaitable<void> check_result(std::shared_ptr<session> self, std::shared_ptr<driver::frame> received);
    void take_result(driver::frame received, bool is_valid);
    awaitable<void> record_result(std::shared_ptr<session> self, std::shared_ptr<statement> which,
                                  std::int64_t seq);
    // Resolves when the statement's present state is in the store, and nobody else's memory is needed for its
    // texts; at once when the statement or the session is removed.
    awaitable<void> save(std::shared_ptr<session> self, std::shared_ptr<statement> which);
    void save_soon(std::shared_ptr<statement> which);
    struct question {
        json header;
        std::string payload;
        std::optional<driver::frame> answer;
        bool sent = false;  // the driver may have it
    };
    // Sends a question, again on each new connection, and waits for its answer; without one when none came in
    // time, the session ended, or too many wait.
    awaitable<std::shared_ptr<const question>> ask(json header, std::string payload,
                                                   std::chrono::milliseconds limit);
    void send(question& what);
    void repeat_questions();
    void acknowledge();
    void object_to(std::string_view what);
    void remark(const std::string& line);
    std::shared_ptr<statement> told_about(const driver::frame& received);
    // When the driver says that it happened, if that can be.
    epoch_ms time_of(const driver::frame& received, epoch_ms otherwise) const;

    const session_request request_;
    const config::settings settings_;  // the server's, with what the request's conf says
    const expiry_rules rules_;
    std::unique_ptr<driver::link> link_;
    // The driver of an earlier gateway process has not dialled yet: it may have statements that the store
    // knows as waiting.
    bool driver_unheard_ = false;
    statement_queue statements_;
    budget::share waiting_statements_{memory_->waiting_statements}, waiting_code_{memory_->waiting_code};
    const std::shared_ptr<upload_space> uploads_ =
        std::make_shared<upload_space>(directory_, world_.settings.session_uploads_size.value);
    std::chrono::steady_clock::time_point told_starting_ = std::chrono::steady_clock::now();

    // Acknowledgements are cumulative: none goes beyond what is not in the store yet.
    std::int64_t received_seq_ = 0, acknowledged_seq_ = 0;
    bool checking_ = false;              // a large result
    std::set<std::int64_t> unrecorded_;  // seq of results, and of the word that the driver is ready
    printed_output printed_;
    std::int64_t oldest_stream_ = 0;  // printed text of statements below is removed
    // Lines of the driver's in the session's log, from one statement to the next.
    static constexpr int most_remarks = 1000;
    int remarks_left_ = most_remarks;
    std::set<std::string, std::less<>> objections_;
    std::map<std::int64_t, std::shared_ptr<question>> questions_;  // unanswered, by request number
    std::int64_t next_question_ = 1;
};

}  // namespace sparkgate::session
