#include "sparkgate/session/statement.hpp"

#include <algorithm>

namespace sparkgate::session {

bool statement::apply(statement_event what, epoch_ms when) {
    const auto next = after(state, what);
    if (!next) return false;
    state = *next;
    if (what == statement_event::sent) started = when;
    if (is_final(state)) {
        completed = when;
        progress = 1.0;
    }
    return true;
}

namespace {

store::statement_record record_of(std::int64_t session, const statement& from) {
    store::statement_record record;
    record.session = session;
    record.id = from.id;
    record.kind = to_string(from.kind);
    record.state = to_string(from.state);
    record.started = from.started;
    record.completed = from.completed;
    record.progress = from.progress;
    record.output = from.output;
    return record;
}

}  // namespace

std::vector<store::change> creation_change(std::int64_t session, const statement& from) {
    auto record = record_of(session, from);
    record.code = from.code;
    std::vector<store::change> changes;
    changes.emplace_back(store::put_statement{std::move(record)});
    return changes;
}

std::vector<store::change> put_change(std::int64_t session, const statement& from) {
    auto record = record_of(session, from);
    std::vector<store::change> changes;
    changes.emplace_back(store::put_statement{std::move(record)});
    return changes;
}

statement_queue::pointer statement_queue::add(code_kind kind, std::string code) {
    auto added = std::make_shared<statement>();
    added->id = next_id_++;
    added->kind = kind;
    added->code = std::move(code);
    statements_.push_back(added);
    return added;
}

void statement_queue::restore(const store::statement_record& from) {
    auto known = std::make_shared<statement>();
    known->id = from.id;
    known->code = from.code;
    known->code_in_store = !from.code;
    // One whose words are unknown is never run.
    const auto kind = parse_kind(from.kind);
    const auto state = parse_statement_state(from.state);
    known->kind = kind.value_or(code_kind::pyspark);
    known->state = kind && state ? *state : statement_state::cancelled;
    known->started = from.started;
    known->completed = from.completed;
    known->progress = from.progress;
    known->output_in_store = from.has_output && is_final(known->state);  // else it will be another one
    known->durable = true;
    statements_.push_back(std::move(known));
    next_id_ = from.id + 1;
}

statement_queue::pointer statement_queue::find(std::int64_t id) const {
    const auto at = std::lower_bound(statements_.begin(), statements_.end(), id,
                                     [](const pointer& s, std::int64_t wanted) { return s->id < wanted; });
    return at != statements_.end() && (*at)->id == id ? *at : nullptr;
}

void statement_queue::remove(std::int64_t id) {
    std::erase_if(statements_, [id](const pointer& s) { return s->id == id; });
}

statement_queue::pointer statement_queue::in_driver() const {
    const auto at = std::find_if(statements_.begin(), statements_.end(), [](const pointer& s) {
        return s->state == statement_state::running || s->state == statement_state::cancelling;
    });
    return at == statements_.end() ? nullptr : *at;
}

statement_queue::pointer statement_queue::next_to_send() const {
    if (in_driver()) return nullptr;
    const auto at = std::find_if(statements_.begin(), statements_.end(),
                                 [](const pointer& s) { return s->state == statement_state::waiting; });
    return at != statements_.end() && (*at)->durable ? *at : nullptr;
}

statement_queue::amount statement_queue::unfinished() const {
    amount out;
    for (const auto& each : statements_) {
        if (is_final(each->state)) continue;
        ++out.count;
        out.bytes += each->code.size();
    }
    return out;
}

std::int64_t statement_queue::retain(std::size_t retained) {
    bool dropped = false;
    while (statements_.size() > retained && is_final(statements_.front()->state)) {
        statements_.pop_front();
        dropped = true;
    }
    if (!dropped) return 0;
    return statements_.empty() ? next_id_ : statements_.front()->id;
}

}  // namespace sparkgate::session
