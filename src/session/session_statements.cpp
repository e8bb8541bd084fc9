// The statements of a session: queue, driver, results.
#include "sparkgate/base/crash_point.hpp"
#include "sparkgate/base/on_exit.hpp"
#include "sparkgate/obs/log.hpp"
#include "sparkgate/session/session.hpp"

namespace sparkgate::session {
namespace {

constexpr std::size_t checked_at_once =
    64 * 1024;                               // bytes of a result; larger ones are not, on the event loop
constexpr std::size_t erased_at_once = 100;  // statements

std::string error_output(std::int64_t id, const std::string& ename, const std::string& evalue) {
    return dump_json(json{{"status", "error"},
                          {"execution_count", id},
                          {"ename", ename},
                          {"evalue", evalue},
                          {"traceback", json::array()}});
}

// How far a driver's clock may be off: it is on this host.
constexpr epoch_ms clock_slack = 60'000;

bool is_in_driver(const statement& which) {
    return which.state == statement_state::running || which.state == statement_state::cancelling;
}

// A key in the words of a refusal.
error too_many(const char* key, const std::string& most, const char* where) {
    return fail(errc::busy, "Too many statements wait " + std::string(where) + ": " + key + " is " + most);
}

}  // namespace

result<void> session::check_room(std::size_t code) const {
    const auto most = settings_.waiting_size.value;
    if (code > most)
        return fail(errc::too_large,
                    "The code is larger than statement.waiting-size, " + std::to_string(most) + " bytes");
    const auto waiting = statements_.unfinished();
    if (waiting.count >= static_cast<std::size_t>(settings_.max_waiting))
        return too_many("statement.max-waiting", std::to_string(settings_.max_waiting), "in this session");
    if (waiting.bytes + code > most)
        return too_many("statement.waiting-size", std::to_string(most) + " bytes", "in this session");
    const auto& all = *memory_;
    if (!all.waiting_statements.has_room_for(1))
        return too_many("statement.max-waiting-total", std::to_string(all.waiting_statements.most()),
                        "in all sessions");
    if (!all.waiting_code.has_room_for(code))
        return too_many("statement.waiting-total-size", std::to_string(all.waiting_code.most()) + " bytes",
                        "in all sessions");
    return {};
}

void session::weigh() {
    const auto waiting = statements_.unfinished();
    waiting_statements_.hold(waiting.count);
    waiting_code_.hold(waiting.bytes);
}

awaitable<result<std::shared_ptr<const statement>>> session::submit(code_kind kind, std::string code) {
    const auto self = shared_from_this();
    if (!is_active(state_))
        co_return fail(errc::conflict, "Session is in state " + std::string(to_string(state_)));
    touch();
    if (auto room = check_room(code.size()); !room) co_return room.error();
    const auto added = statements_.add(kind, std::move(code));
    weigh();
    crash_point("statement.before-record");
    auto written = co_await world_.store.commit(creation_change(id(), *added));
    if (!written) {
        statements_.remove(added->id);
        send_next();
        co_return written.error();
    }
    added->durable = true;
    crash_point("statement.recorded");
    // Cancelled, or the session has ended, while the first record was written.
    if (is_final(added->state)) save_soon(added);
    send_next();
    co_return std::shared_ptr<const statement>(added);
}

void session::send_next() {
    weigh();
    if (state_ != session_state::idle && state_ != session_state::busy) return;
    if (const auto next = statements_.next_to_send(); next && link_ && link_->connected()) {
        next->apply(statement_event::sent, now_ms());
        send_exec(*next);
    }
    apply(statements_.has_unfinished() ? session_event::work_begins : session_event::work_ends);
    set_alarm();  // also where the state stays: a statement was taken back
    changed_.notify();
}

void session::send_exec(const statement& which) {
    const json header{{"op", "exec"}, {"id", which.id}, {"kind", to_string(which.kind)}};
    remarks_left_ = most_remarks;
    link_->send(header, *which.code);
    crash_point("statement.sent");
}

// What an earlier gateway process has sent, although its store does not say so: results of these will come,
// or have.
void session::take_in(std::int64_t last_received) {
    for (const auto& each : statements_.all())
        if (each->id <= last_received) each->apply(statement_event::sent, now_ms());
    if (state_ == session_state::idle && statements_.has_unfinished()) apply(session_event::work_begins);
}

void session::resend(std::int64_t last_received) {
    for (const auto& each : statements_.all()) {
        if (each->state != statement_state::cancelling) continue;
        if (each->id <= last_received)
            link_->send(json{{"op", "cancel"}, {"id", each->id}});
        else
            take_back(each);
    }
    if (const auto current = statements_.in_driver(); current && current->id > last_received)
        send_exec(*current);
    send_next();
}

// Its cancel was asked for before it was known that the driver never got it.
void session::take_back(const std::shared_ptr<statement>& which) {
    which->apply(statement_event::stopped, now_ms());
    which->started = 0;
    if (which->durable) save_soon(which);
    changed_.notify();
}

// What a client is told about it holds under the next gateway process, too. A statement that waits is only in
// the store, which has to know first. One that runs is in the driver, which is told first: code ends also
// while the store takes nothing.
awaitable<result<void>> session::cancel(std::int64_t statement_id) {
    const auto self = shared_from_this();
    touch();
    const auto which = statements_.find(statement_id);
    if (!which || is_final(which->state)) co_return result<void>();
    statement wanted = *which;
    if (driver_unheard_) wanted.apply(statement_event::sent, now_ms());
    wanted.apply(statement_event::cancel_asked, now_ms());
    const bool waits = which->state == statement_state::waiting && which->durable;
    if (waits) {
        auto kept = co_await world_.store.commit(put_change(id(), wanted));
        if (!kept) co_return kept;
    }
    if (driver_unheard_) which->apply(statement_event::sent, now_ms());
    if (!which->apply(statement_event::cancel_asked, now_ms())) co_return result<void>();
    if (which->state == statement_state::cancelling && link_)
        link_->send(json{{"op", "cancel"}, {"id", statement_id}});
    send_next();
    if (which->durable && (!waits || which->state != wanted.state)) {
        const auto kept = co_await world_.store.commit(put_change(id(), *which));
        if (!kept) save_soon(which);
    }
    if (waits && is_final(which->state)) memory_->kept.add(which);
    co_return result<void>();
}

void session::on_frame(driver::frame received) {
    const std::string op = received.op();
    received_seq_ = std::max(received_seq_, received.integer("seq"));
    if (op == "result")
        on_result(std::move(received));
    else if (op == "stream")
        on_stream(received);
    else if (op == "started")
        on_started(received);
    else if (op == "progress")
        on_progress(received);
    else if (op == "completion" || op == "added")
        on_answer(std::move(received));
    else if (op == "phase")
        on_phase(received);
    else if (op == "ready")
        on_ready(received);
    else if (op == "failed")
        on_start_failed(received);
    else if (op == "cancel_failed")
        on_cancel_failed(received);
    else if (op == "log")
        remark("driver: " + received.text("text"));
    acknowledge();
}

// User code runs in the driver's process: a frame that the protocol does not allow changes nothing. Who looks
// at the session is told the first of each kind.
void session::object_to(std::string_view what) {
    if (!objections_.emplace(what).second) return;
    note("sparkgate: what the driver sent is left out: " + std::string(what));
    spdlog::warn("session {}: what its driver sent is left out: {}", id(), what);
}

// A line of the driver's in the session's log.
void session::remark(const std::string& line) {
    if (remarks_left_ <= 0) return;
    const bool last = --remarks_left_ == 0;
    note(last ? "sparkgate: the driver says too much: the rest is left out until the next statement" : line);
}

// The statement that a frame is about, if the driver has it. What it tells of one that has ended is nothing
// new: it repeats, after a restart of the gateway, what was not acknowledged.
std::shared_ptr<statement> session::told_about(const driver::frame& received) {
    const auto id = received.integer("id", -1);
    const auto which = statements_.find(id);
    if (which && is_in_driver(*which)) return which;
    const auto& all = statements_.all();
    const bool has_been = which ? is_final(which->state) : id >= 0 && !all.empty() && id < all.front()->id;
    if (!has_been) object_to("it told of a statement that it does not have");
    return nullptr;
}

epoch_ms session::time_of(const driver::frame& received, epoch_ms otherwise) const {
    const auto said = received.integer("t", otherwise);
    const bool credible = said >= created_ - clock_slack && said <= now_ms() + clock_slack;
    return credible ? said : otherwise;
}

void session::acknowledge() {
    const auto seq = unrecorded_.empty() ? received_seq_ : *unrecorded_.begin() - 1;
    if (seq <= acknowledged_seq_ || !link_) return;
    acknowledged_seq_ = seq;
    link_->acknowledge(seq);
}

void session::on_started(const driver::frame& received) {
    const auto which = told_about(received);
    if (!which || std::exchange(which->told_started, true)) return;
    which->started = time_of(received, which->started);
    // Not waited for: it tells a later gateway process when it began, nothing depends on it.
    world_.store.enqueue(put_change(id(), *which));
    changed_.notify();
}

void session::on_progress(const driver::frame& received) {
    const auto which = told_about(received);
    const auto value = received.header.find("value");
    if (!which || value == received.header.end() || !value->is_number()) return;
    const auto now = value->get<double>();
    if (!(now >= 0 && now <= 1)) return object_to("a progress that is none");
    which->progress = now;
    changed_.notify();
}

void session::on_result(driver::frame received) {
    const auto which = told_about(received);
    const auto seq = received.integer("seq");
    if (!unrecorded_.insert(seq).second) return;  // it comes again, and is being worked on
    // One at a time: a driver that sends more of them than it has statements costs no memory.
    const bool is_large = received.payload.size() > checked_at_once;
    if (is_large && which && !checking_) {
        checking_ = true;
        spawn_for("the check of a result",
                  check_result(self(), std::make_shared<driver::frame>(std::move(received))));
    } else {
        const bool is_valid = !is_large && is_json(received.payload);
        take_result(std::move(received), is_valid);
    }
}

awaitable<void> session::check_result(std::shared_ptr<session> /* kept alive */,
                                      std::shared_ptr<driver::frame> received) {
    auto check = [received] { return is_json(received->payload); };
    const on_exit checked([this] { checking_ = false; });
    const bool is_valid = co_await world_.workers.run(lane::quick, std::move(check));
    take_result(std::move(*received), is_valid);
}

// Shown at once: the driver keeps the result until it is acknowledged, and that is when it is in the store.
void session::take_result(driver::frame received, bool is_valid) {
    const auto seq = received.integer("seq");
    const auto which = statements_.find(received.integer("id", -1));
    const auto what =
        received.text("state") == "cancelled" ? statement_event::stopped : statement_event::completed;
    if (which && which->apply(what, time_of(received, now_ms()))) {
        if (!received.payload.empty())
            which->output = is_valid ? std::move(received.payload)
                                     : error_output(which->id, "ProtocolError",
                                                    "The driver's answer was not valid JSON.");
        crash_point("result.received");
        spawn_for("the record of a result", record_result(self(), which, seq));
        drop_old_statements();
    } else {
        unrecorded_.erase(seq);
        acknowledge();
    }
    send_next();
}

awaitable<void> session::record_result(std::shared_ptr<session> /* kept alive */,
                                       std::shared_ptr<statement> which, std::int64_t seq) {
    co_await save(self(), which);
    crash_point("result.stored");
    unrecorded_.erase(seq);
    acknowledge();
}

void session::drop_old_statements() {
    const auto retained = static_cast<std::size_t>(settings_.retained_statements);
    auto steps = erasure_steps(statements_.all().size() - std::min(statements_.all().size(), retained));
    const auto lowest = statements_.retain(retained);
    if (lowest == 0) return;
    std::erase_if(steps, [lowest](std::int64_t below) { return below >= lowest; });
    steps.push_back(lowest);
    spawn_for("the removal of old statements", forget_statements(self(), std::move(steps)));
    for (; oldest_stream_ < lowest; ++oldest_stream_)
        printed_.remove(oldest_stream_);
}

// What the store refuses is made up for by the next time.
awaitable<void> session::forget_statements(std::shared_ptr<session> /* kept alive */,
                                           std::vector<std::int64_t> steps) {
    (void)co_await erase_statements(std::move(steps));
}

// Ids may have gaps of any size: counted are the statements.
std::vector<std::int64_t> session::erasure_steps(std::size_t count) const {
    std::vector<std::int64_t> out;
    for (std::size_t at = erased_at_once; at < count; at += erased_at_once)
        out.push_back(statements_.all()[at]->id);
    return out;
}

awaitable<result<void>> session::erase_statements(std::vector<std::int64_t> steps) {
    for (const auto below : steps) {
        std::vector<store::change> step;
        step.emplace_back(store::erase_statements{id(), below});
        auto erased = co_await world_.store.commit(std::move(step));
        if (!erased) co_return erased;
    }
    co_return result<void>();
}

void session::on_cancel_failed(const driver::frame& received) {
    const auto which = told_about(received);
    if (!which || std::exchange(which->told_unstoppable, true)) return;
    if (which->state != statement_state::cancelling)
        return object_to("a cancel failed that nobody had asked for");
    const std::string why = "statement " + std::to_string(which->id) +
                            " could not be cancelled: " + obs::printable(received.text("reason"), 1000);
    remark("sparkgate: " + why);
    spdlog::warn("session {}: {}", id(), why);
    if (settings_.escalation == config::cancel_escalation::kill) begin_stop(why, session_event::stop_asked);
}

void session::end_statements() {
    const epoch_ms when = now_ms();
    for (const auto& each : statements_.all()) {
        const bool ran = each->state == statement_state::running;
        if (!each->apply(statement_event::session_ended, when)) continue;
        if (ran) {
            const std::string why = reason_.empty() ? "the session was stopped" : reason_;
            each->output =
                error_output(each->id, "SessionEnded", "The session ended while the statement ran: " + why);
        }
        if (each->durable) save_soon(each);
    }
    weigh();
}

awaitable<void> session::save(std::shared_ptr<session> /* kept alive */, std::shared_ptr<statement> which) {
    auto present = [this, which]() -> std::vector<store::change> {
        // An output that only the store has was recorded with all the rest.
        if (erased() || damaged() || which->output_in_store || statements_.find(which->id) != which)
            return {};
        return put_change(id(), *which);
    };
    co_await store_until_taken(std::move(present));
    if (is_final(which->state)) memory_->kept.add(which);
}

void session::save_soon(std::shared_ptr<statement> which) {
    spawn_for("the record of a statement", save(self(), std::move(which)));
}

awaitable<result<shared_text>> session::code_of(std::shared_ptr<const statement> which) {
    if (!which->code_in_store) co_return which->code;
    auto read = co_await world_.store.read_code(id(), which->id);
    if (!read) co_return read.error();
    co_return shared_text(std::move(*read));
}

awaitable<result<shared_text>> session::output_of(std::shared_ptr<const statement> which) {
    if (!which->output_in_store) co_return which->output ? which->output : shared_text("null");
    auto read = co_await world_.store.read_output(id(), which->id);
    if (!read) co_return read.error();
    const shared_text text(std::move(*read));
    auto check = [text] { return is_json(*text); };
    bool is_whole = text.size() <= checked_at_once && check();
    if (text.size() > checked_at_once) is_whole = co_await world_.workers.run(lane::quick, std::move(check));
    if (is_whole) co_return text;
    co_return shared_text(
        error_output(which->id, "StoreError", "The stored output is damaged: it is not valid JSON."));
}

// It goes to its own place: what an earlier gateway process had written already comes again.
void session::on_stream(const driver::frame& received) {
    const auto which = told_about(received);
    if (!which) return;
    std::optional<std::int64_t> at;
    if (received.header.contains("at")) at = received.integer("at", -1);
    const auto kept = printed_.keep(which->id, at, received.payload);
    if (!kept && kept.error().code == errc::invalid_argument) object_to(kept.error().message);
    if (!kept) spdlog::debug("session {}: {}", id(), obs::printable(kept.error().message));
    changed_.notify();
}

}  // namespace sparkgate::session
