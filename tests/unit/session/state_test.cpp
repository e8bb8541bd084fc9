// The two state machines: every pair of state and event has its outcome in a table here.
#include "sparkgate/session/state.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sparkgate::session {
namespace {

using s = session_state;
using e = session_event;

constexpr std::size_t session_states = std::size(all_session_states),
                      session_events = std::size(all_session_events);
constexpr std::size_t statement_states = std::size(all_statement_states),
                      statement_events = std::size(all_statement_events);

// Nothing: the event means nothing in that state.
template <class State>
using outcome = std::optional<State>;
constexpr std::nullopt_t no = std::nullopt;

template <class State, std::size_t Events>
struct row {
    State now;
    std::array<outcome<State>, Events> next;  // in the order of the events' list
};

// clang-format off
constexpr row<s, 7> session_table[] = {
    // now               ready    begins   ends     start_failed      stop_asked        program  all_gone
    {s::not_started,   {{no,      no,      no,      no,               s::shutting_down, s::dead, s::dead}}},
    {s::starting,      {{s::idle, no,      no,      s::shutting_down, s::shutting_down, s::dead, s::dead}}},
    {s::recovering,    {{no,      no,      no,      no,               s::shutting_down, s::dead, s::dead}}},
    {s::idle,          {{no,      s::busy, no,      no,               s::shutting_down, s::dead, s::dead}}},
    {s::running,       {{no,      no,      no,      no,               s::shutting_down, s::dead, s::dead}}},
    {s::busy,          {{no,      no,      s::idle, no,               s::shutting_down, s::dead, s::dead}}},
    {s::shutting_down, {{no,      no,      no,      no,               no,               s::dead, s::dead}}},
    {s::error,         {{no,      no,      no,      no,               no,               no,      no}}},
    {s::dead,          {{no,      no,      no,      no,               no,               no,      no}}},
    {s::killed,        {{no,      no,      no,      no,               no,               no,      no}}},
    {s::success,       {{no,      no,      no,      no,               no,               no,      no}}},
};
// clang-format on
static_assert(std::size(session_table) == session_states && session_events == 7,
              "a new state or event needs its row");

using t = statement_state;
// clang-format off
constexpr row<t, 5> statement_table[] = {
    // now            sent        cancel_asked   completed     stopped       session_ended
    {t::waiting,    {{t::running, t::cancelled,  no,           no,           t::cancelled}}},
    {t::running,    {{no,         t::cancelling, t::available, t::cancelled, t::available}}},
    {t::available,  {{no,         no,            no,           no,           no}}},
    {t::cancelling, {{no,         no,            t::available, t::cancelled, t::cancelled}}},
    {t::cancelled,  {{no,         no,            no,           no,           no}}},
};
// clang-format on
static_assert(std::size(statement_table) == statement_states && statement_events == 5,
              "a new state or event needs its row");

template <class State>
std::string word(outcome<State> state) {
    return state ? std::string(to_string(*state)) : "-";
}

TEST(session_states, table) {
    for (std::size_t i = 0; i < session_states; ++i) {
        ASSERT_EQ(session_table[i].now, all_session_states[i]);
        for (std::size_t j = 0; j < session_events; ++j)
            EXPECT_EQ(word(after(session_table[i].now, all_session_events[j])),
                      word(session_table[i].next[j]))
                << to_string(session_table[i].now) << ", event " << j;
    }
}

TEST(statement_states, table) {
    for (std::size_t i = 0; i < statement_states; ++i) {
        ASSERT_EQ(statement_table[i].now, all_statement_states[i]);
        for (std::size_t j = 0; j < statement_events; ++j)
            EXPECT_EQ(word(after(statement_table[i].now, all_statement_events[j])),
                      word(statement_table[i].next[j]))
                << to_string(statement_table[i].now) << ", event " << j;
    }
}

// A value that is missing in its list would escape the tables: these switches do not compile without it, and
// the lists have to hold every value that they count.
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wswitch"
constexpr std::size_t index_of(s state) {
    switch (state) {
        case s::not_started:
            return 0;
        case s::starting:
            return 1;
        case s::recovering:
            return 2;
        case s::idle:
            return 3;
        case s::running:
            return 4;
        case s::busy:
            return 5;
        case s::shutting_down:
            return 6;
        case s::error:
            return 7;
        case s::dead:
            return 8;
        case s::killed:
            return 9;
        case s::success:
            return 10;
    }
    return session_states;
}

constexpr std::size_t index_of(e what) {
    switch (what) {
        case e::driver_ready:
            return 0;
        case e::work_begins:
            return 1;
        case e::work_ends:
            return 2;
        case e::start_failed:
            return 3;
        case e::stop_asked:
            return 4;
        case e::program_ended:
            return 5;
        case e::all_gone:
            return 6;
    }
    return session_events;
}

constexpr std::size_t index_of(t state) {
    switch (state) {
        case t::waiting:
            return 0;
        case t::running:
            return 1;
        case t::available:
            return 2;
        case t::cancelling:
            return 3;
        case t::cancelled:
            return 4;
    }
    return statement_states;
}

constexpr std::size_t index_of(statement_event what) {
    switch (what) {
        case statement_event::sent:
            return 0;
        case statement_event::cancel_asked:
            return 1;
        case statement_event::completed:
            return 2;
        case statement_event::stopped:
            return 3;
        case statement_event::session_ended:
            return 4;
    }
    return statement_events;
}
#pragma GCC diagnostic pop

template <class List>
void expect_in_order(const List& all) {
    for (std::size_t i = 0; i < std::size(all); ++i)
        EXPECT_EQ(index_of(all[i]), i);
}

TEST(lists, hold_every_value_in_order) {
    EXPECT_EQ(session_states, 11u);
    EXPECT_EQ(session_events, 7u);
    EXPECT_EQ(statement_states, 5u);
    EXPECT_EQ(statement_events, 5u);
    expect_in_order(all_session_states);
    expect_in_order(all_session_events);
    expect_in_order(all_statement_states);
    expect_in_order(all_statement_events);
}

TEST(session_states, have_livys_words) {
    const std::vector<std::string> words{"not_started", "starting", "recovering",    "idle",
                                         "running",     "busy",     "shutting_down", "error",
                                         "dead",        "killed",   "success"};
    for (std::size_t i = 0; i < session_states; ++i)
        EXPECT_EQ(to_string(all_session_states[i]), words[i]);
}

TEST(statement_states, have_livys_words) {
    const std::vector<std::string> words{"waiting", "running", "available", "cancelling", "cancelled"};
    for (std::size_t i = 0; i < statement_states; ++i)
        EXPECT_EQ(to_string(all_statement_states[i]), words[i]);
}

TEST(session_states, active_and_finished_are_livys) {
    const std::set<s> inactive{s::shutting_down, s::dead, s::killed, s::success};  // error is active
    const std::set<s> finished{s::dead, s::killed, s::success, s::error};
    for (const s state : all_session_states) {
        EXPECT_EQ(is_active(state), !inactive.contains(state)) << to_string(state);
        EXPECT_EQ(is_finished(state), finished.contains(state)) << to_string(state);
    }
}

// The invariants that clients rely on, over all pairs.

TEST(session_states, a_finished_session_never_changes) {
    for (const s now : all_session_states)
        for (const e what : all_session_events)
            if (is_finished(now)) {
                EXPECT_EQ(after(now, what), no) << to_string(now);
            }
}

TEST(session_states, nothing_inactive_becomes_active_again) {
    for (const s now : all_session_states)
        for (const e what : all_session_events)
            if (const auto next = after(now, what); next && !is_active(now)) {
                EXPECT_FALSE(is_active(*next)) << to_string(now);
            }
}

TEST(session_states, a_driver_that_is_ready_makes_a_starting_session_idle_and_nothing_else) {
    for (const s now : all_session_states) {
        const auto next = after(now, e::driver_ready);
        EXPECT_EQ(next, now == s::starting ? outcome<s>(s::idle) : no) << to_string(now);
    }
    for (const e what : all_session_events)  // no flash of busy or running between starting and idle
        if (const auto next = after(s::starting, what); next && is_active(*next)) {
            EXPECT_EQ(*next, s::idle);
        }
}

TEST(session_states, every_live_session_can_be_stopped_and_dies_with_its_program) {
    for (const s now : all_session_states) {
        if (is_finished(now)) continue;
        if (is_active(now)) {
            EXPECT_EQ(after(now, e::stop_asked), s::shutting_down) << to_string(now);
        }
        EXPECT_EQ(after(now, e::program_ended), s::dead) << to_string(now);
        EXPECT_EQ(after(now, e::all_gone), s::dead) << to_string(now);
    }
}

TEST(statement_states, only_available_and_cancelled_are_final_and_never_change) {
    for (const t now : all_statement_states) {
        EXPECT_EQ(is_final(now), now == t::available || now == t::cancelled);
        for (const auto what : all_statement_events)
            if (is_final(now)) {
                EXPECT_EQ(after(now, what), no) << to_string(now);
            }
    }
}

TEST(statement_states, cancelled_only_follows_a_cancel_a_stop_or_the_sessions_end) {
    using se = statement_event;
    for (const t now : all_statement_states)
        for (const se what : all_statement_events)
            if (after(now, what) == t::cancelled) {
                EXPECT_TRUE(what == se::cancel_asked || what == se::stopped || what == se::session_ended);
            }
    // And never at once for code that runs.
    EXPECT_EQ(after(t::running, se::cancel_asked), t::cancelling);
}

TEST(statement_states, no_unfinished_statement_survives_the_sessions_end) {
    for (const t now : all_statement_states)
        if (!is_final(now)) {
            const auto next = after(now, statement_event::session_ended);
            ASSERT_TRUE(next) << to_string(now);
            EXPECT_TRUE(is_final(*next)) << to_string(now);
        }
}

TEST(batch_state, every_pair_of_state_and_event) {
    using b = batch_event;
    for (const auto now : all_session_states)
        for (const auto what : all_batch_events) {
            outcome<s> expected = no;
            if (!is_finished(now)) {
                if (what == b::runs && now == s::starting) expected = s::running;
                if (what == b::succeeded) expected = s::success;
                if (what == b::failed) expected = s::dead;
                if (what == b::killed) expected = s::killed;
            }
            EXPECT_EQ(after(now, what), expected) << to_string(now) << ", " << static_cast<int>(what);
        }
}

TEST(session_state_words, are_read_as_they_are_written) {
    for (const auto state : all_session_states)
        EXPECT_EQ(parse_session_state(to_string(state)), state);
    EXPECT_EQ(parse_session_state("Idle"), std::nullopt);
    EXPECT_EQ(parse_session_state(""), std::nullopt);
}

}  // namespace
}  // namespace sparkgate::session
