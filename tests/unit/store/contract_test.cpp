// What every store promises; run against each implementation.
#include "unit/store/support.hpp"

#include <functional>
#include <limits>

namespace sparkgate::store::test {
namespace {

struct implementation {
    std::string name;
    std::function<std::unique_ptr<store>(asio::any_io_executor, const temp_dir&)> make;
};

class store_contract : public testing::TestWithParam<implementation> {
protected:
    std::string commit(std::vector<change> all) {
        return failure(loop_.await(store_->commit(std::move(all))));
    }
    result<std::string> output(std::int64_t session_id, std::int64_t id) {
        return loop_.await(store_->read_output(session_id, id));
    }
    contents load() { return store_->load().value(); }

    temp_dir dir_;
    event_loop loop_;
    std::unique_ptr<store> store_ = GetParam().make(loop_.executor(), dir_);
};

std::vector<std::int64_t> ids(const std::vector<session_record>& records) {
    std::vector<std::int64_t> all;
    for (const auto& r : records)
        all.push_back(r.id);
    return all;
}

std::vector<std::pair<std::int64_t, std::int64_t>> ids(const std::vector<statement_record>& records) {
    std::vector<std::pair<std::int64_t, std::int64_t>> all;
    for (const auto& r : records)
        all.emplace_back(r.session, r.id);
    return all;
}

using id_list = std::vector<std::int64_t>;
using id_pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;

TEST_P(store_contract, is_empty_at_first) {
    const auto all = load();
    EXPECT_TRUE(all.sessions.empty());
    EXPECT_TRUE(all.statements.empty());
    EXPECT_EQ(all.next_session_id, 0);
    EXPECT_EQ(all.next_batch_id, 0);
}

TEST_P(store_contract, gives_back_every_field_of_a_session) {
    EXPECT_EQ(
        commit(changes(put_session{{3, "node-a", "starting", R"({"kind":"sql"})", R"({"owner":"ada"})"}})),
        "");
    const auto all = load();
    ASSERT_EQ(all.sessions.size(), 1u);
    EXPECT_EQ(all.sessions[0].id, 3);
    EXPECT_EQ(all.sessions[0].node, "node-a");
    EXPECT_EQ(all.sessions[0].state, "starting");
    EXPECT_EQ(all.sessions[0].request, R"({"kind":"sql"})");
    EXPECT_EQ(all.sessions[0].details, R"({"owner":"ada"})");
}

TEST_P(store_contract, gives_back_every_field_of_a_statement_but_its_output) {
    EXPECT_EQ(
        commit(changes(put_session{session(1)}, put_statement{statement_of(1, 4, R"({"status":"ok"})")})),
        "");
    const auto all = load();
    ASSERT_EQ(all.statements.size(), 1u);
    const auto& s = all.statements[0];
    EXPECT_EQ(s.session, 1);
    EXPECT_EQ(s.id, 4);
    EXPECT_EQ(s.kind, "pyspark");
    EXPECT_EQ(s.code, "1 + 1");
    EXPECT_EQ(s.state, "available");
    EXPECT_EQ(s.started, 1'700'000'000'123);
    EXPECT_EQ(s.completed, 1'700'000'000'456);
    EXPECT_EQ(s.progress, 1.0);
    EXPECT_FALSE(s.output.has_value());
    EXPECT_EQ(output(1, 4).value(), R"({"status":"ok"})");
}

TEST_P(store_contract, an_update_keeps_request_and_code) {
    EXPECT_EQ(commit(changes(put_session{session(1)}, put_statement{statement_of(1, 4)})), "");
    auto later = session(1, "dead");
    later.request.reset();
    auto ended = statement_of(1, 4, "{}");
    ended.code.reset();
    ended.kind = "unknown";
    EXPECT_EQ(commit(changes(put_session{later}, put_statement{ended})), "");
    const auto all = load();
    EXPECT_EQ(all.sessions.at(0).state, "dead");
    EXPECT_EQ(all.sessions.at(0).request, R"({"kind":"spark"})");
    EXPECT_EQ(all.statements.at(0).state, "available");
    EXPECT_EQ(all.statements.at(0).code, "1 + 1");
    EXPECT_EQ(all.statements.at(0).kind, "pyspark");
    EXPECT_EQ(output(1, 4).value(), "{}");
}

TEST_P(store_contract, an_update_of_what_is_not_there_changes_nothing) {
    auto gone = session(1);
    gone.request.reset();
    auto ended = statement_of(1, 4, "{}");
    ended.code.reset();
    EXPECT_EQ(commit(changes(put_session{gone}, put_statement{ended})), "");
    EXPECT_TRUE(load().sessions.empty());
    EXPECT_TRUE(load().statements.empty());
}

TEST_P(store_contract, a_long_code_is_loaded_for_what_has_not_ended_and_read_else) {
    const std::string code(longest_loaded_code + 1, 'c');
    auto waiting = statement_of(0, 0), ended = statement_of(0, 1, "{}"), brief = statement_of(0, 2, "{}");
    waiting.code = ended.code = code;
    brief.code = std::string(longest_loaded_code, 'c');
    EXPECT_EQ(commit(changes(put_session{session(0)}, put_statement{waiting}, put_statement{ended},
                             put_statement{brief})),
              "");
    const auto all = load();
    EXPECT_EQ(all.statements.at(0).code, code);
    EXPECT_FALSE(all.statements.at(1).code);
    EXPECT_EQ(all.statements.at(2).code, brief.code);
    EXPECT_EQ(loop_.await(store_->read_code(0, 1)).value(), code);
    EXPECT_EQ(loop_.await(store_->read_code(0, 9)).error().code, errc::not_found);
}

TEST_P(store_contract, orders_sessions_and_statements_by_id) {
    EXPECT_EQ(
        commit(changes(put_session{session(10)}, put_session{session(9)}, put_statement{statement_of(10, 0)},
                       put_statement{statement_of(9, 11)}, put_statement{statement_of(9, 2)})),
        "");
    const auto all = load();
    EXPECT_EQ(ids(all.sessions), (id_list{9, 10}));
    EXPECT_EQ(ids(all.statements), (id_pairs{{9, 2}, {9, 11}, {10, 0}}));
}

TEST_P(store_contract, putting_again_replaces_and_keeps_the_statements) {
    EXPECT_EQ(commit(changes(put_session{session(0, "starting")}, put_statement{statement_of(0, 0)})), "");
    EXPECT_EQ(commit(changes(put_session{session(0, "busy")}, put_statement{statement_of(0, 0, "{}")})), "");
    const auto all = load();
    ASSERT_EQ(all.sessions.size(), 1u);
    EXPECT_EQ(all.sessions[0].state, "busy");
    ASSERT_EQ(all.statements.size(), 1u);
    EXPECT_EQ(all.statements[0].state, "available");
    EXPECT_EQ(output(0, 0).value(), "{}");
}

TEST_P(store_contract, erasing_a_session_erases_its_statements_only) {
    EXPECT_EQ(
        commit(changes(put_session{session(0)}, put_session{session(1)},
                       put_statement{statement_of(0, 0, "{}")}, put_statement{statement_of(1, 0, "{}")})),
        "");
    EXPECT_EQ(commit(changes(erase_session{0})), "");
    const auto all = load();
    EXPECT_EQ(ids(all.sessions), (id_list{1}));
    EXPECT_EQ(ids(all.statements), (id_pairs{{1, 0}}));
    EXPECT_EQ(output(0, 0).error().code, errc::not_found);
    // Nothing comes back with a new session of that id.
    EXPECT_EQ(commit(changes(put_session{session(0)})), "");
    EXPECT_EQ(ids(load().statements), (id_pairs{{1, 0}}));
}

TEST_P(store_contract, retention_erases_the_statements_below_an_id) {
    EXPECT_EQ(commit(changes(put_session{session(0)}, put_session{session(1)},
                             put_statement{statement_of(0, 0)}, put_statement{statement_of(0, 1)},
                             put_statement{statement_of(0, 2)}, put_statement{statement_of(1, 0)})),
              "");
    EXPECT_EQ(commit(changes(erase_statements{.session = 0, .below_id = 2})), "");
    EXPECT_EQ(ids(load().statements), (id_pairs{{0, 2}, {1, 0}}));
}

TEST_P(store_contract, next_ids_never_go_back) {
    EXPECT_EQ(commit(changes(put_next_id{"session", 7}, put_next_id{"batch", 3})), "");
    EXPECT_EQ(commit(changes(put_next_id{"session", 5})), "");
    EXPECT_EQ(load().next_session_id, 7);
    EXPECT_EQ(load().next_batch_id, 3);
}

TEST_P(store_contract, the_next_id_is_above_every_session_even_without_a_counter) {
    EXPECT_EQ(commit(changes(put_session{session(41)})), "");
    EXPECT_EQ(load().next_session_id, 42);
}

TEST_P(store_contract, a_call_that_fails_changes_nothing) {
    const auto outcome =
        loop_.await(store_->commit(changes(put_session{session(0)}, put_statement{statement_of(99, 0)})));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, errc::not_found);
    EXPECT_TRUE(load().sessions.empty());
    EXPECT_EQ(store_->stats().failed_calls, 1u);
}

TEST_P(store_contract, changes_take_effect_in_order) {
    for (int i = 0; i < 100; ++i)
        store_->enqueue(changes(put_session{session(0, "state-" + std::to_string(i))}));
    EXPECT_EQ(commit(changes(erase_session{0}, put_session{session(0, "last")})), "");
    EXPECT_EQ(load().sessions.at(0).state, "last");
    for (int i = 0; i < 100; ++i)
        store_->enqueue(changes(put_session{session(0, "state-" + std::to_string(i))}));
    EXPECT_EQ(load().sessions.at(0).state, "state-99");
}

TEST_P(store_contract, a_read_sees_the_writes_that_have_resolved) {
    EXPECT_EQ(commit(changes(put_session{session(0)}, put_statement{statement_of(0, 0, "first")})), "");
    EXPECT_EQ(output(0, 0).value(), "first");
}

TEST_P(store_contract, a_missing_output_is_not_found) {
    EXPECT_EQ(commit(changes(put_session{session(0)}, put_statement{statement_of(0, 0)})), "");
    EXPECT_EQ(output(0, 0).error().code, errc::not_found);
    EXPECT_EQ(output(0, 1).error().code, errc::not_found);
    EXPECT_EQ(output(1, 0).error().code, errc::not_found);
}

TEST_P(store_contract, an_empty_output_is_an_output) {
    EXPECT_EQ(commit(changes(put_session{session(0)}, put_statement{statement_of(0, 0, "")})), "");
    EXPECT_EQ(output(0, 0).value(), "");
}

TEST_P(store_contract, an_empty_call_resolves_at_once) {
    EXPECT_EQ(commit({}), "");
    store_->enqueue({});
    EXPECT_EQ(store_->stats().calls, 0u);
}

TEST_P(store_contract, keeps_every_byte) {
    std::string bytes;
    for (int i = 0; i < 256; ++i)
        bytes += static_cast<char>(i);  // zeros and no valid UTF-8
    auto s = statement_of(0, 0, bytes + "grüße 🚀");
    s.code = "print('grüße')" + bytes;
    auto owner = session(0);
    owner.details = bytes;
    EXPECT_EQ(commit(changes(put_session{owner}, put_statement{s})), "");
    EXPECT_EQ(load().sessions.at(0).details, bytes);
    EXPECT_EQ(load().statements.at(0).code, s.code);
    EXPECT_EQ(output(0, 0).value(), *s.output);
}

TEST_P(store_contract, keeps_the_largest_and_smallest_numbers) {
    auto s = statement_of(0, std::numeric_limits<std::int64_t>::max());
    s.started = std::numeric_limits<std::int64_t>::min();
    s.progress = 1.0 / 3;
    EXPECT_EQ(commit(changes(put_session{session(0)}, put_statement{s})), "");
    EXPECT_EQ(load().statements.at(0).id, s.id);
    EXPECT_EQ(load().statements.at(0).started, s.started);
    EXPECT_EQ(load().statements.at(0).progress, s.progress);
}

TEST_P(store_contract, keeps_an_output_of_20_megabytes) {
    std::string large(20u << 20, 'x');
    large.front() = '<';
    large.back() = '>';
    EXPECT_EQ(commit(changes(put_session{session(0)}, put_statement{statement_of(0, 0, large)})), "");
    EXPECT_TRUE(output(0, 0).value() == large);  // not EXPECT_EQ, which would print it
}

TEST_P(store_contract, many_callers_at_once_are_all_served) {
    EXPECT_EQ(commit(changes(put_session{session(0)})), "");
    std::vector<std::optional<result<void>>> outcomes(50);
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        const auto id = static_cast<std::int64_t>(i);
        loop_.start(store_->commit(changes(put_statement{statement_of(0, id)})), outcomes[i]);
    }
    loop_.run();
    for (const auto& outcome : outcomes) {
        ASSERT_TRUE(outcome.has_value());
        EXPECT_EQ(failure(*outcome), "");
    }
    EXPECT_EQ(load().statements.size(), 50u);
}

TEST_P(store_contract, is_unavailable_after_close) {
    store_->close();
    store_->close();
    const auto outcome = loop_.await(store_->commit(changes(put_session{session(0)})));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, errc::unavailable);
    EXPECT_EQ(output(0, 0).error().code, errc::unavailable);
    EXPECT_EQ(store_->load().error().code, errc::unavailable);
    store_->enqueue(changes(put_session{session(0)}));
    EXPECT_EQ(store_->stats().failed_calls, 3u);
}

INSTANTIATE_TEST_SUITE_P(
    all, store_contract,
    testing::Values(
        implementation{"memory", [](asio::any_io_executor executor,
                                    const temp_dir&) { return make_memory_store(std::move(executor)); }},
        implementation{"sqlite",
                       [](asio::any_io_executor executor, const temp_dir& dir) {
                           return open_sqlite_store(std::move(executor), dir.path() / "store.db").value();
                       }}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace sparkgate::store::test
