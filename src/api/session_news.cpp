#include "session_news.hpp"

#include "event_stream.hpp"
#include "views.hpp"

#include <algorithm>

namespace sparkgate::api {
namespace {

// Of a statement's text in one event: what a slow client makes us hold.
constexpr std::size_t output_bytes = 64u << 10;

using statements = std::deque<std::shared_ptr<session::statement>>;

statements::const_iterator from_id(const statements& all, std::int64_t id) {
    return std::lower_bound(all.begin(), all.end(), id,
                            [](const auto& each, std::int64_t wanted) { return each->id < wanted; });
}

std::int64_t next_id(const statements& all) {
    return all.empty() ? 0 : all.back()->id + 1;
}

std::int64_t first_unfinished(const statements& all) {
    for (const auto& each : all)
        if (!session::is_final(each->state)) return each->id;
    return next_id(all);
}

}  // namespace

session_news::session_news(session::session& about, std::optional<std::int64_t> first)
    : about_(about), first_(first_unfinished(about.statements().all())) {
    // A number behind the next statement is of another session, which had this id before.
    if (first && *first <= next_id(about.statements().all())) first_ = *first;
}

// The state comes first, and later behind the statements that changed it.
std::optional<http::server_sent_event> session_news::next() {
    const auto state = about_.state();
    if (told_state_) {
        if (const auto* changed = changed_statement()) {
            const auto data = statement_progress(*changed);
            forget_ended();
            return event("statement", data);
        }
    }
    if (told_state_ != state) {
        told_state_ = state;
        return event("state", {{"id", about_.id()}, {"state", session::to_string(state)}});
    }
    if (ended_ || !session::is_finished(state)) return {};
    ended_ = true;
    auto last = event(
        "end", {{"id", about_.id()}, {"state", session::to_string(state)}, {"reason", about_.reason()}});
    last.id = last_event_id;
    return last;
}

// The first one that is not as it was told; from now on it is. One that is not recorded yet may never be.
const session::statement* session_news::changed_statement() {
    const auto& all = about_.statements().all();
    for (auto at = from_id(all, first_); at != all.end(); ++at) {
        const auto& each = **at;
        const progress now{each.state, each.progress, each.started};
        const auto [known, is_new] = told_.try_emplace(each.id, now);
        if (!each.durable) {
            told_.erase(known);
        } else if (is_new || known->second != now) {
            known->second = now;
            return &each;
        }
    }
    return nullptr;
}

void session_news::forget_ended() {
    const auto& all = about_.statements().all();
    for (auto at = from_id(all, first_); at != all.end(); ++at) {
        const auto known = told_.find((*at)->id);
        if (known == told_.end() || !session::is_final(known->second.state)) break;
        first_ = (*at)->id + 1;
    }
    told_.erase(told_.begin(), told_.lower_bound(first_));
}

http::server_sent_event session_news::event(const char* name, const json& data) const {
    return {name, std::to_string(first_), dump_json(data)};
}

statement_news::statement_news(const session::session& owner, statement_pointer about, std::int64_t position)
    : owner_(owner),
      about_(std::move(about)),
      position_(position <= owner.printed().size(about_->id) ? position : 0) {}

// While it runs its state comes before what it has printed; at its end it comes behind all of that.
std::optional<http::server_sent_event> statement_news::next() {
    const bool ended = session::is_final(about_->state);
    if (!ended)
        if (auto out = progress()) return out;
    if (auto out = output()) return out;
    if (ended) return progress();
    return {};
}

std::optional<http::server_sent_event> statement_news::progress() {
    auto now = statement_progress(*about_);
    if (now == told_) return {};
    told_ = std::move(now);
    return http::server_sent_event{"state", std::to_string(position_), dump_json(told_)};
}

std::optional<http::server_sent_event> statement_news::output() {
    const auto page = owner_.printed().read(about_->id, position_, output_bytes);
    if (page.text.empty()) return {};
    position_ = page.next;
    const json data{{"from", page.from}, {"next", page.next}, {"text", page.text}};
    return http::server_sent_event{"output", std::to_string(position_), dump_json(data)};
}

}  // namespace sparkgate::api
