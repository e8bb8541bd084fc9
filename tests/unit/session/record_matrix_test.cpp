// Whatever state a record is in, the next gateway process comes up with it, and the store learns how it
// ended.
#include "support/batch_fixture.hpp"
#include "support/session_fixture.hpp"

#include <fstream>

namespace sparkgate::test {
namespace {

constexpr const char* damaged = R"({"status":"ok","data":{"text/pl)";
const std::optional<std::string> outputs[] = {std::nullopt, text_output("x"), damaged};

// What its shim has left: it ran and has ended.
void leave_the_end_of_a_program(const std::filesystem::path& directory) {
    std::filesystem::create_directories(directory);
    std::ofstream(directory / "shim.json") << "{}";
    std::ofstream(directory / "exit.json") << R"({"code":7,"ended_by_us":false})";
}

class session_record_matrix : public session_fixture, public testing::WithParamInterface<session_state> {
protected:
    void commit(store::change what) {
        auto work = store.commit({std::move(what)});
        loop.await(std::move(work)).value();
    }

    // Writes a session in the state of the parameter whose program has ended; its statements come next.
    std::int64_t put_session() {
        auto record = pattern;
        record.id = next_record++;
        record.state = to_string(GetParam());
        leave_the_end_of_a_program(directory.path() / "sessions" / std::to_string(record.id));
        commit(store::put_session{record});
        return record.id;
    }
    void put_statement(std::int64_t session, statement_state state, std::optional<std::string> output) {
        const auto id = next_statement += 3;  // gaps: the retention leaves them
        commit(store::put_statement{{session, id, "pyspark", "1+1", std::string(to_string(state)), 1, 2, 0.5,
                                     std::move(output), false}});
    }

    bool all_statements_are_final() {
        const auto known = store.load()->statements;
        return std::all_of(known.begin(), known.end(), [](const auto& each) {
            return is_final(*session::parse_statement_state(each.state));
        });
    }

    // After restart(): each session is there, has ended, and the store knows the end of every statement.
    void check_all_have_ended(std::size_t count) {
        ASSERT_EQ(manager().all().size(), count);
        for (const auto& each : manager().all()) {
            wait_state(each, ended_as());
            for (const auto& statement : each->statements().all())
                EXPECT_TRUE(is_final(statement->state)) << each->id() << "/" << statement->id;
        }
        loop.run_until([this] { return all_statements_are_final(); }, "the records of all statements");
        EXPECT_TRUE(launcher.children.empty()) << "nothing is started";
    }
    static session_state ended_as() { return is_finished(GetParam()) ? GetParam() : session_state::dead; }

    // The record of a session as this version writes it.
    void SetUp() override {
        const auto self = create();
        pattern = store.load()->sessions.at(0);
        child_of(self).exit_with(0);
        remove(self);
        launcher.children.clear();
    }

    store::session_record pattern;
    std::int64_t next_record = 10, next_statement = 0;
};

TEST_P(session_record_matrix, with_one_statement_in_each_state) {
    std::size_t count = 0;
    for (const auto state : session::all_statement_states)
        for (const auto& output : outputs) {
            put_statement(put_session(), state, output);
            ++count;
        }
    restart();
    check_all_have_ended(count);
}

TEST_P(session_record_matrix, with_statements_in_all_states) {
    for (int i = 0; i < 2; ++i) {
        const auto id = put_session();
        for (const auto state : session::all_statement_states)
            for (const auto& output : outputs)
                put_statement(id, state, output);
    }
    restart();
    check_all_have_ended(2);
    restart();
    check_all_have_ended(2);
}

TEST_P(session_record_matrix, without_statements) {
    put_session();
    restart();
    check_all_have_ended(1);
}

std::string name_of(const testing::TestParamInfo<session_state>& info) {
    return std::string(to_string(info.param));
}
INSTANTIATE_TEST_SUITE_P(states, session_record_matrix, testing::ValuesIn(session::all_session_states),
                         name_of);

class batch_record_matrix : public batch_fixture {};

TEST_F(batch_record_matrix, every_state_ends_where_it_has_to) {
    auto pattern = [this] {
        const auto self = create();
        auto record = store.load()->batches.at(0);
        child_of(self).exit_with(0);
        auto work = manager().remove(self);
        loop.await(std::move(work)).value();
        launcher.children.clear();
        return record;
    }();
    std::vector<session_state> expected;
    for (const auto state : session::all_session_states) {
        pattern.id = 10 + std::ssize(expected) * 2;
        pattern.state = to_string(state);
        leave_the_end_of_a_program(directory.path() / "batches" / std::to_string(pattern.id));
        auto work = store.commit({store::put_batch{pattern}});
        loop.await(std::move(work)).value();
        expected.push_back(is_finished(state) ? state : session_state::dead);
    }
    for (int i = 0; i < 2; ++i) {
        restart();
        ASSERT_EQ(manager().programs().size(), expected.size());
        for (std::size_t at = 0; at < expected.size(); ++at)
            wait_state(manager().programs()[at], expected[at]);
        EXPECT_TRUE(launcher.children.empty()) << "nothing is started";
    }
    const auto all_ended = [this] {
        const auto known = store.load()->batches;
        return std::all_of(known.begin(), known.end(), [](const auto& each) {
            return is_finished(*session::parse_session_state(each.state));
        });
    };
    loop.run_until(all_ended, "the records of all batches");
}

}  // namespace
}  // namespace sparkgate::test
