// The writer's thread: group commit, and how calls of one group are kept apart when one of them fails.
#include "store/writer.hpp"

#include "store/migrations.hpp"
#include "store/tables.hpp"
#include "unit/store/support.hpp"

#include <chrono>
#include <future>
#include <latch>

namespace sparkgate::store::test {
namespace {

class store_writer : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(db_.execute("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON"));
        ASSERT_TRUE(migrate(db_));
        tables_.emplace(tables::prepare(db_).value());
    }

    std::unique_ptr<call> apply(change c, result<void>& outcome) {
        return make_call([this, c = std::move(c)] { return tables_->apply(c); },
                         [&outcome](const result<void>& got) { outcome = got; });
    }

    // Submits a call that keeps the writer busy; what is submitted until open() is called makes one group.
    std::shared_ptr<std::latch> hold(writer& w) {
        auto opened = std::make_shared<std::latch>(1);
        std::latch reached(1);
        w.submit(make_call(
                     [opened, &reached, first = true]() mutable -> result<void> {
                         if (first) reached.count_down();
                         first = false;
                         opened->wait();
                         return {};
                     },
                     [](const result<void>&) {}),
                 1);
        reached.wait();
        return opened;
    }

    std::int64_t count_sessions() { return db_.query_integer("SELECT count(*) FROM sessions").value(); }

    temp_dir dir_;
    database db_ = database::open(dir_.path() / "store.db").value();
    std::optional<tables> tables_;
};

const result<void> unset = fail(errc::internal, "not finished");

TEST_F(store_writer, all_calls_that_wait_share_one_transaction) {
    std::vector<result<void>> outcomes(20, unset);
    writer w(db_);
    auto gate = hold(w);
    for (std::size_t i = 0; i < outcomes.size(); ++i)
        w.submit(apply(put_session{session(static_cast<std::int64_t>(i))}, outcomes[i]), 1);
    gate->count_down();
    w.close();
    for (const auto& outcome : outcomes)
        EXPECT_EQ(failure(outcome), "");
    EXPECT_EQ(w.stats().calls, 21u);
    EXPECT_EQ(w.stats().transactions, 2u);  // the one that held the writer, and the group
    EXPECT_EQ(count_sessions(), 20);
}

TEST_F(store_writer, a_call_that_fails_does_not_fail_its_group) {
    result<void> before = unset, wrong = unset, after = unset;
    writer w(db_);
    auto gate = hold(w);
    w.submit(apply(put_session{session(0)}, before), 1);
    w.submit(apply(put_statement{statement_of(99, 0)}, wrong), 1);
    w.submit(apply(put_session{session(1)}, after), 1);
    gate->count_down();
    w.close();
    EXPECT_EQ(failure(before), "");
    EXPECT_EQ(wrong.error().code, errc::not_found);
    EXPECT_EQ(failure(after), "");
    EXPECT_EQ(w.stats().transactions, 2u);
    EXPECT_EQ(w.stats().failed_calls, 1u);
    EXPECT_EQ(count_sessions(), 2);
}

TEST_F(store_writer, a_call_that_throws_fails_alone) {
    result<void> good = unset, thrown = unset;
    writer w(db_);
    auto gate = hold(w);
    w.submit(make_call([]() -> result<void> { throw std::bad_alloc(); },
                       [&thrown](const result<void>& got) { thrown = got; }),
             1);
    w.submit(apply(put_session{session(0)}, good), 1);
    gate->count_down();
    w.close();
    EXPECT_EQ(thrown.error().code, errc::unavailable);
    EXPECT_EQ(failure(good), "");
}

// When the disk is full SQLite gives up the whole transaction, savepoints included.
TEST_F(store_writer, a_call_too_large_for_the_disk_does_not_fail_its_group) {
    result<void> before = unset, large = unset, after = unset, later = unset;
    ASSERT_TRUE(db_.execute("PRAGMA max_page_count = 60"));
    auto too_large = session(1);
    too_large.details.assign(1u << 20, 'x');
    {
        writer w(db_);
        auto gate = hold(w);
        w.submit(apply(put_session{session(0)}, before), 1);
        w.submit(apply(put_session{too_large}, large), 1);
        w.submit(apply(put_session{session(2)}, after), 1);
        gate->count_down();
    }
    EXPECT_EQ(failure(before), "");
    EXPECT_EQ(large.error().code, errc::unavailable);
    EXPECT_EQ(large.error().message, "the store failed: database or disk is full");
    EXPECT_EQ(failure(after), "");
    EXPECT_EQ(count_sessions(), 2);
    {
        ASSERT_TRUE(db_.execute("PRAGMA max_page_count = 100000"));
        writer w(db_);
        w.submit(apply(put_session{too_large}, later), 1);
    }
    EXPECT_EQ(failure(later), "");
    EXPECT_EQ(count_sessions(), 3);
}

TEST_F(store_writer, refuses_what_would_wait_beyond_the_limit) {
    result<void> first = unset, refused = unset, second = unset;
    writer w(db_, 1000);
    auto gate = hold(w);
    w.submit(apply(put_session{session(0)}, first), 999);
    w.submit(apply(put_session{session(1)}, refused), 1);
    EXPECT_EQ(refused.error().code, errc::unavailable);  // at once, while the writer is still held
    gate->count_down();
    w.close();
    EXPECT_EQ(failure(first), "");

    writer fresh(db_, 1000);
    fresh.submit(apply(put_session{session(2)}, second), 5000);  // larger than the limit, but alone
    fresh.close();
    EXPECT_EQ(failure(second), "");
    EXPECT_EQ(w.stats().failed_calls, 1u);
}

TEST_F(store_writer, takes_calls_again_when_the_queue_has_drained) {
    result<void> large = unset;
    writer w(db_, 1000);
    w.submit(apply(put_session{session(0)}, large), 5000);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    bool taken = false;
    while (!taken && std::chrono::steady_clock::now() < deadline) {
        // Refused calls finish at once, others on the writer's thread, which may still be in set_value.
        auto finished = std::make_shared<std::promise<bool>>();
        w.submit(make_call([this] { return tables_->apply(put_session{session(1)}); },
                           [finished](const result<void>& got) { finished->set_value(got.has_value()); }),
                 500);
        taken = finished->get_future().get();
    }
    EXPECT_TRUE(taken);
}

TEST_F(store_writer, close_runs_what_waits) {
    std::vector<result<void>> outcomes(100, unset);
    {
        writer w(db_);
        for (std::size_t i = 0; i < outcomes.size(); ++i)
            w.submit(apply(put_session{session(static_cast<std::int64_t>(i))}, outcomes[i]), 1);
    }
    for (const auto& outcome : outcomes)
        EXPECT_EQ(failure(outcome), "");
    EXPECT_EQ(count_sessions(), 100);
}

TEST_F(store_writer, calls_finish_in_the_order_of_submission) {
    std::vector<int> finished;
    {
        writer w(db_);
        for (int i = 0; i < 50; ++i)
            w.submit(make_call([]() -> result<void> { return {}; },
                               [&finished, i](const result<void>&) { finished.push_back(i); }),
                     1);
    }
    ASSERT_EQ(finished.size(), 50u);
    EXPECT_TRUE(std::is_sorted(finished.begin(), finished.end()));
}

// Another process (an operator's sqlite3) may hold the write lock for a moment, or for long.
TEST_F(store_writer, a_locked_database_is_unavailable_and_works_again) {
    result<void> locked = unset, later = unset;
    auto other = database::open(dir_.path() / "store.db").value();
    ASSERT_TRUE(other.execute("BEGIN IMMEDIATE"));
    {
        writer w(db_);
        w.submit(apply(put_session{session(0)}, locked), 1);
    }
    EXPECT_EQ(locked.error().message, "the store failed: another program has locked it");
    ASSERT_TRUE(other.execute("ROLLBACK"));
    {
        writer w(db_);
        w.submit(apply(put_session{session(0)}, later), 1);
    }
    EXPECT_EQ(failure(later), "");
}

TEST_F(store_writer, reading_the_contents_does_not_read_the_outputs) {
    result<void> outcome = unset;
    {
        writer w(db_);
        w.submit(apply(put_session{session(0)}, outcome), 1);
        w.submit(apply(put_statement{statement_of(0, 0, std::string(4u << 20, 'x'))}, outcome), 1);
    }
    auto fresh = database::open(dir_.path() / "store.db").value();
    auto reader = tables::prepare(fresh).value();
    EXPECT_EQ(reader.read_contents().value().statements.size(), 1u);
    EXPECT_LT(fresh.pages_read(), 20);  // the output alone fills 1000
    EXPECT_EQ(fresh.query_text("SELECT output FROM statements").value().size(), 4u << 20);
    EXPECT_GT(fresh.pages_read(), 1000);
}

}  // namespace
}  // namespace sparkgate::store::test
