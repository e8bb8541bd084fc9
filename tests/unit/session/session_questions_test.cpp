// Completion and files: what is asked of the driver beside statements.
#include "support/session_fixture.hpp"

#include <algorithm>

namespace sparkgate::test {
namespace {

using namespace std::chrono_literals;

class session_questions : public session_fixture {
protected:
    void SetUp() override { idle = start_idle(); }
    void TearDown() override {
        idle = {};
        session_fixture::TearDown();
    }

    void start_completion(const std::string& code, std::int64_t cursor, std::optional<std::string>& answer) {
        auto work = idle.self->complete(code_kind::pyspark, code, cursor);
        loop.start(std::move(work), answer);
    }

    using added = std::optional<result<session::addition>>;

    void start_add(const std::string& uri, added& answer, std::chrono::milliseconds limit = 1h) {
        auto work = idle.self->add_resource(session::resource_kind::pyfile, uri, limit);
        loop.start(std::move(work), answer);
    }

    idle_session idle;
};

TEST_F(session_questions, completion_asks_the_driver_also_while_a_statement_runs) {
    submit(idle.self, "print");
    idle.driver->expect("exec");
    std::optional<std::string> answer;
    start_completion("spark.ra", 8, answer);
    const auto asked = idle.driver->expect("complete");
    EXPECT_EQ(asked.payload, "spark.ra");
    EXPECT_EQ(asked.text("kind"), "pyspark");
    EXPECT_EQ(asked.integer("cursor"), 8);
    idle.driver->send(json{{"op", "completion"}, {"req", asked.integer("req")}}, R"(["spark.range"])");
    loop.run_until([&] { return answer.has_value(); });
    EXPECT_EQ(*answer, R"(["spark.range"])");
}

TEST_F(session_questions, completions_are_told_apart) {
    std::optional<std::string> first, second;
    start_completion("a", 1, first);
    start_completion("b", 1, second);
    const auto asked_first = idle.driver->expect("complete"), asked_second = idle.driver->expect("complete");
    idle.driver->send(json{{"op", "completion"}, {"req", asked_second.integer("req")}}, R"(["b"])");
    idle.driver->send(json{{"op", "completion"}, {"req", asked_first.integer("req")}}, R"(["a"])");
    loop.run_until([&] { return first && second; });
    EXPECT_EQ(*first, R"(["a"])");
    EXPECT_EQ(*second, R"(["b"])");
}

TEST_F(session_questions, a_driver_that_does_not_answer_in_time_means_no_candidates) {
    std::optional<std::string> answer;
    start_completion("x", 1, answer);
    const auto asked = idle.driver->expect("complete");
    idle.driver->send(json{{"op", "completion"}, {"req", asked.integer("req")}}, "not json");
    idle.driver->send(json{{"op", "completion"}, {"req", asked.integer("req") + 100}},
                      R"(["wrong request"])");
    loop.run_until([&] { return answer.has_value(); });
    EXPECT_EQ(*answer, "[]");
    idle.driver->send(json{{"op", "completion"}, {"req", asked.integer("req")}}, R"(["late"])");
    loop.settle();
    EXPECT_EQ(idle.self->state(), session_state::idle);
}

TEST_F(session_questions, without_a_driver_there_are_no_candidates_at_once) {
    idle.driver->close();
    loop.settle();
    std::optional<std::string> answer;
    start_completion("x", 1, answer);
    loop.settle();
    EXPECT_EQ(answer, "[]");
}

TEST_F(session_questions, the_sessions_end_ends_a_completion) {
    std::optional<std::string> answer;
    start_completion("x", 1, answer);
    idle.driver->expect("complete");
    child_of(idle.self).exit_with(1);
    loop.settle();
    EXPECT_EQ(answer, "[]");
}

TEST_F(session_questions, completions_at_a_time_are_bounded) {
    std::vector<std::optional<std::string>> answers(40);
    for (auto& answer : answers)
        start_completion("x", 1, answer);
    loop.settle();
    const auto answered = [&] {
        return std::count(answers.begin(), answers.end(), std::optional<std::string>("[]"));
    };
    EXPECT_EQ(answered(), 8);
    child_of(idle.self).exit_with(1);
    loop.run_until([&] { return answered() == 40; });
}

TEST_F(session_questions, a_file_is_added_when_the_driver_says_so) {
    added answer;
    start_add("hdfs:///a.py", answer);
    const auto asked = idle.driver->expect("add");
    EXPECT_EQ(asked.text("kind"), "pyfile");
    EXPECT_EQ(asked.text("uri"), "hdfs:///a.py");
    loop.settle();
    EXPECT_FALSE(answer);
    idle.driver->send(json{{"op", "added"}, {"req", asked.integer("req")}});
    loop.run_until([&] { return answer.has_value(); });
    EXPECT_EQ(answer->value(), session::addition::done);
}

TEST_F(session_questions, the_drivers_reason_refuses_a_file) {
    added answer;
    start_add("/nope", answer);
    const auto asked = idle.driver->expect("add");
    idle.driver->send(json{{"op", "added"}, {"req", asked.integer("req")}, {"error", "no such file: /nope"}});
    loop.run_until([&] { return answer.has_value(); });
    EXPECT_EQ(answer->error().code, errc::invalid_argument);
    EXPECT_EQ(answer->error().message, "no such file: /nope");
}

TEST_F(session_questions, a_file_waits_for_the_driver_to_dial_again) {
    idle.driver->close();
    loop.settle();
    added answer;
    start_add("/a.py", answer);
    loop.settle();
    EXPECT_FALSE(answer);
    idle.driver = dial(idle.self);
    const auto asked = idle.driver->expect("add");
    idle.driver->send(json{{"op", "added"}, {"req", asked.integer("req")}});
    loop.run_until([&] { return answer.has_value(); });
    EXPECT_EQ(answer->value(), session::addition::done);
}

TEST_F(session_questions, a_file_that_the_driver_may_still_add_is_pending) {
    added answer;
    start_add("/a.py", answer, 0ms);
    idle.driver->expect("add");
    loop.run_until([&] { return answer.has_value(); });
    EXPECT_EQ(answer->value(), session::addition::pending);
}

TEST_F(session_questions, a_file_that_no_driver_was_told_of_is_refused) {
    idle.driver->close();
    loop.settle();
    added answer;
    start_add("/a.py", answer, 0ms);
    loop.run_until([&] { return answer.has_value(); });
    EXPECT_EQ(answer->error().code, errc::unavailable);
    idle.driver = dial(idle.self);
    loop.settle();
    EXPECT_FALSE(idle.driver->has("add"));
}

TEST_F(session_questions, files_at_a_time_are_bounded) {
    std::vector<added> answers(33);
    for (auto& answer : answers)
        start_add("/a.py", answer);
    loop.run_until([&] { return answers.back().has_value(); });
    EXPECT_EQ(answers.back()->error().code, errc::busy);
    child_of(idle.self).exit_with(1);
    const auto ended = [](const auto& answer) { return answer.has_value(); };
    loop.run_until([&] { return std::all_of(answers.begin(), answers.end(), ended); });
}

// Uploads

class session_uploads : public session_questions {
protected:
    bool append(session::upload& to, std::string_view piece) { return bool(loop.await(to.append(piece))); }
    auto count() const {
        std::filesystem::directory_iterator all(idle.self->directory() / "uploads");
        return std::distance(begin(all), end(all));
    }
    void remove_session() {
        child_of(idle.self).exit_with(0);
        child_of(idle.self).leave();
        remove(idle.self);
    }
};

TEST_F(session_uploads, are_kept_under_their_names) {
    std::vector<std::filesystem::path> files;
    for (int i = 0; i < 2; ++i) {
        auto upload = idle.self->begin_upload("a.jar");
        ASSERT_TRUE(append(*upload, "one, "));
        ASSERT_TRUE(append(*upload, "two"));
        files.push_back(loop.await(upload->finish()).value());
        upload->keep();
    }
    EXPECT_NE(files[0], files[1]);
    for (const auto& file : files) {
        EXPECT_EQ(read_file(file).value(), "one, two");
        EXPECT_EQ(file.filename(), "a.jar");
    }
    auto empty = idle.self->begin_upload("empty");
    EXPECT_EQ(read_file(loop.await(empty->finish()).value()).value(), "");
}

TEST_F(session_uploads, that_do_not_come_whole_leave_nothing) {
    auto upload = idle.self->begin_upload("a.jar");
    ASSERT_TRUE(append(*upload, "half"));
    EXPECT_EQ(count(), 1);
    upload.reset();
    auto next = idle.self->begin_upload("b.jar");
    ASSERT_TRUE(append(*next, "half"));  // by now the one thread of the pool has removed the other
    EXPECT_EQ(count(), 1);
    const auto file = loop.await(next->finish()).value();
    next.reset();  // whole, but nobody wanted it
    next = idle.self->begin_upload("c.jar");
    ASSERT_TRUE(append(*next, "half"));
    EXPECT_FALSE(std::filesystem::exists(file));
    EXPECT_EQ(count(), 1);
}

TEST_F(session_uploads, of_a_session_that_was_removed_are_refused) {
    auto begun = idle.self->begin_upload("a.jar");
    ASSERT_TRUE(append(*begun, "half"));
    remove_session();
    EXPECT_EQ(loop.await(begun->finish()).error().code, errc::conflict);
    begun = idle.self->begin_upload("a.jar");
    EXPECT_EQ(loop.await(begun->append("x")).error().code, errc::conflict);
    EXPECT_FALSE(std::filesystem::exists(idle.self->directory()));
}

TEST_F(session_questions, the_sessions_end_refuses_a_file) {
    added answer;
    start_add("/a.py", answer);
    idle.driver->expect("add");
    child_of(idle.self).exit_with(1);
    loop.run_until([&] { return answer.has_value(); });
    EXPECT_EQ(answer->error().code, errc::conflict);
}

}  // namespace
}  // namespace sparkgate::test
