// Statements and their queue, without any I/O.
#include "sparkgate/session/statement.hpp"

#include <gtest/gtest.h>

namespace sparkgate::session {
namespace {

using event = statement_event;
using pointer = statement_queue::pointer;

class queue_test : public ::testing::Test {
protected:
    pointer add(const std::string& code = "1") {
        auto added = queue.add(code_kind::pyspark, code);
        added->durable = true;
        return added;
    }
    pointer add_finished() {
        auto added = add();
        added->apply(event::sent, 1);
        added->apply(event::completed, 2);
        return added;
    }
    std::vector<std::int64_t> ids() const {
        std::vector<std::int64_t> out;
        for (const auto& each : queue.all())
            out.push_back(each->id);
        return out;
    }

    statement_queue queue;
};

using id_list = std::vector<std::int64_t>;

TEST_F(queue_test, ids_count_from_zero_without_gaps) {
    for (std::int64_t i = 0; i < 5; ++i)
        EXPECT_EQ(add()->id, i);
    EXPECT_EQ(ids(), (id_list{0, 1, 2, 3, 4}));
}

TEST_F(queue_test, a_new_statement_waits_and_is_not_durable) {
    const auto added = queue.add(code_kind::sql, "select 1");
    EXPECT_EQ(added->kind, code_kind::sql);
    EXPECT_EQ(added->code, "select 1");
    EXPECT_EQ(added->state, statement_state::waiting);
    EXPECT_FALSE(added->durable);
    EXPECT_FALSE(added->output);
    EXPECT_EQ(added->started, 0);
    EXPECT_EQ(added->completed, 0);
    EXPECT_EQ(added->progress, 0);
}

TEST_F(queue_test, runs_first_in_first_out_and_one_at_a_time) {
    add();
    add();
    add();
    for (std::int64_t expected = 0; expected < 3; ++expected) {
        const auto next = queue.next_to_send();
        ASSERT_TRUE(next);
        EXPECT_EQ(next->id, expected);
        next->apply(event::sent, 1);
        EXPECT_EQ(queue.in_driver(), next);
        EXPECT_FALSE(queue.next_to_send()) << "one is in the driver";
        next->apply(event::completed, 2);
        EXPECT_FALSE(queue.in_driver());
    }
    EXPECT_FALSE(queue.next_to_send());
}

TEST_F(queue_test, a_cancelling_statement_is_still_in_the_driver) {
    const auto first = add();
    add();
    first->apply(event::sent, 1);
    first->apply(event::cancel_asked, 2);
    EXPECT_EQ(queue.in_driver(), first);
    EXPECT_FALSE(queue.next_to_send());
    first->apply(event::stopped, 3);
    EXPECT_EQ(queue.next_to_send()->id, 1);
}

TEST_F(queue_test, a_head_that_is_not_durable_holds_the_others_back) {
    const auto first = queue.add(code_kind::pyspark, "first");
    add();
    EXPECT_FALSE(queue.next_to_send()) << "the second must not overtake";
    first->durable = true;
    EXPECT_EQ(queue.next_to_send(), first);
}

TEST_F(queue_test, a_cancelled_head_lets_the_others_pass) {
    const auto first = queue.add(code_kind::pyspark, "first");  // not durable yet
    add();
    first->apply(event::cancel_asked, 1);
    EXPECT_EQ(queue.next_to_send()->id, 1);
}

TEST_F(queue_test, a_statement_taken_back_is_gone_and_its_id_with_it) {
    add();
    queue.remove(queue.add(code_kind::pyspark, "not stored")->id);
    EXPECT_EQ(ids(), id_list{0});
    EXPECT_FALSE(queue.find(1));
    EXPECT_EQ(add()->id, 2);
    queue.remove(77);
    EXPECT_EQ(ids(), (id_list{0, 2}));
}

TEST_F(queue_test, find) {
    EXPECT_FALSE(queue.find(0));
    for (int i = 0; i < 4; ++i)
        add_finished();
    queue.retain(2);
    for (const std::int64_t absent : {-1, 0, 1, 4, 1000})
        EXPECT_FALSE(queue.find(absent)) << absent;
    EXPECT_EQ(queue.find(2)->id, 2);
    EXPECT_EQ(queue.find(3)->id, 3);
}

TEST_F(queue_test, has_unfinished) {
    EXPECT_FALSE(queue.has_unfinished());
    add_finished();
    EXPECT_FALSE(queue.has_unfinished());
    const auto waiting = add();
    EXPECT_TRUE(queue.has_unfinished());
    waiting->apply(event::sent, 1);
    waiting->apply(event::cancel_asked, 1);
    EXPECT_TRUE(queue.has_unfinished());
    waiting->apply(event::stopped, 1);
    EXPECT_FALSE(queue.has_unfinished());
}

TEST_F(queue_test, retention_drops_the_oldest_finished) {
    for (int i = 0; i < 5; ++i)
        add_finished();
    EXPECT_EQ(queue.retain(5), 0) << "nothing to drop";
    EXPECT_EQ(queue.retain(3), 2);
    EXPECT_EQ(ids(), (id_list{2, 3, 4}));
    EXPECT_EQ(queue.retain(3), 0);
    EXPECT_EQ(queue.retain(0), 5) << "none is kept: the next id";
    EXPECT_TRUE(queue.all().empty());
}

TEST_F(queue_test, retention_never_drops_an_unfinished_one) {
    add_finished();
    const auto waiting = add();
    add_finished();
    EXPECT_EQ(queue.retain(1), 1);
    EXPECT_EQ(ids(), (id_list{1, 2})) << "more than retained, since the oldest is not finished";
    waiting->apply(event::cancel_asked, 1);
    EXPECT_EQ(queue.retain(1), 2);
}

struct time_row {
    std::vector<event> events;  // at times 10, 20, …
    epoch_ms started, completed;
    double progress;
};

TEST(statement, events_set_times_and_progress) {
    const std::vector<time_row> table{
        {{event::sent}, 10, 0, 0},
        {{event::sent, event::completed}, 10, 20, 1},
        {{event::sent, event::cancel_asked}, 10, 0, 0},
        {{event::sent, event::cancel_asked, event::stopped}, 10, 30, 1},
        {{event::cancel_asked}, 0, 10, 1},  // as Livy: started 0, completed set
        {{event::session_ended}, 0, 10, 1},
        {{event::completed}, 0, 0, 0},
        {{event::cancel_asked, event::completed}, 0, 10, 1},
    };
    for (std::size_t i = 0; i < table.size(); ++i) {
        statement it;
        epoch_ms now = 0;
        for (const auto what : table[i].events)
            it.apply(what, now += 10);
        EXPECT_EQ(it.started, table[i].started) << "row " << i;
        EXPECT_EQ(it.completed, table[i].completed) << "row " << i;
        EXPECT_EQ(it.progress, table[i].progress) << "row " << i;
    }
}

TEST(statement, a_meaningless_event_changes_nothing_and_says_so) {
    statement it;
    EXPECT_FALSE(it.apply(event::completed, 5));
    EXPECT_TRUE(it.apply(event::sent, 5));
    EXPECT_FALSE(it.apply(event::sent, 6));
    EXPECT_EQ(it.started, 5);
}

TEST(statement, its_record_holds_everything) {
    statement it;
    it.id = 4;
    it.kind = code_kind::sparkr;
    it.code = "1+1";
    it.apply(event::sent, 10);
    it.apply(event::completed, 20);
    it.output = "{}";
    const auto changes = creation_change(9, it);
    ASSERT_EQ(changes.size(), 1u);
    const auto& record = std::get<store::put_statement>(changes[0]).record;
    EXPECT_EQ(record.session, 9);
    EXPECT_EQ(record.id, 4);
    EXPECT_EQ(record.kind, "sparkr");
    EXPECT_EQ(record.code, "1+1");
    EXPECT_EQ(record.state, "available");
    EXPECT_EQ(record.started, 10);
    EXPECT_EQ(record.completed, 20);
    EXPECT_EQ(record.progress, 1);
    EXPECT_EQ(record.output, "{}");
    const auto later = put_change(9, it);
    EXPECT_FALSE(std::get<store::put_statement>(later.at(0)).record.code) << "it is in the store already";
}

TEST(code_kind, words_and_aliases) {
    using k = code_kind;
    const std::vector<std::pair<std::string, std::optional<k>>> table{
        {"shared", k::shared}, {"pyspark", k::pyspark}, {"python", k::pyspark},
        {"spark", k::spark},   {"scala", k::spark},     {"sql", k::sql},
        {"sparkr", k::sparkr}, {"r", k::sparkr},        {"", {}},
        {"PySpark", {}},       {"pyspark3", {}},        {" sql", {}}};
    for (const auto& [word, kind] : table)
        EXPECT_EQ(parse_kind(word), kind) << word;
    for (const auto kind : {k::shared, k::pyspark, k::spark, k::sql, k::sparkr})
        EXPECT_EQ(parse_kind(to_string(kind)), kind);
}

}  // namespace
}  // namespace sparkgate::session
