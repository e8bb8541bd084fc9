// What a client that watches a session has not been told yet, event by event. It compares the present with
// what was told, so nothing is queued: of changes that come faster than the client reads, the last one is
// told.
#pragma once

#include "handlers.hpp"

#include "sparkgate/http/server_sent_event.hpp"

#include <map>
#include <optional>

namespace sparkgate::api {

// Of a session: its states, its statements' progress, its end. The id of an event is the number below which
// all statements have ended and been told.
class session_news {
public:
    // `about` outlives it. `first`: the first statement to tell of; without one, the first that has not
    // ended.
    session_news(session::session& about, std::optional<std::int64_t> first);

    // Nothing: all is told for now.
    std::optional<http::server_sent_event> next();
    // Whether the last event has been returned.
    bool ended() const { return ended_; }

private:
    struct progress {
        session::statement_state state;
        double value;
        std::int64_t started;
        friend bool operator==(const progress&, const progress&) = default;
    };

    const session::statement* changed_statement();
    void forget_ended();
    http::server_sent_event event(const char* name, const json& data) const;

    session::session& about_;
    std::optional<session::session_state> told_state_;
    std::int64_t first_;                     // all below have ended and been told
    std::map<std::int64_t, progress> told_;  // from first_ on
    bool ended_ = false;
};

// Of a statement: its progress and what it prints. The id of an event is the position in what it prints.
class statement_news {
public:
    // `position`: where a client goes on. One behind what was printed is of another statement.
    statement_news(const session::session& owner, statement_pointer about, std::int64_t position);

    std::optional<http::server_sent_event> next();

private:
    std::optional<http::server_sent_event> progress();
    std::optional<http::server_sent_event> output();

    const session::session& owner_;
    const statement_pointer about_;
    std::int64_t position_;
    json told_;
};

}  // namespace sparkgate::api
