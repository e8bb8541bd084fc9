// Printed text while a statement runs, and completion.
#include "support/session_fixture.hpp"

#include <algorithm>

namespace sparkgate::test {
namespace {

class session_output : public session_fixture {
protected:
    void SetUp() override {
        idle = start_idle();
        submit(idle.self, "print");
        idle.driver->expect("exec");
    }
    void TearDown() override {
        idle = {};
        session_fixture::TearDown();
    }

    void print(const std::string& text) {
        idle.driver->send(json{{"op", "stream"}, {"seq", ++seq_}, {"id", 0}, {"name", "stdout"}}, text);
        idle.driver->expect_ack(seq_);
    }

    void start_completion(const std::string& code, std::int64_t cursor, std::optional<std::string>& answer) {
        auto work = idle.self->complete(code_kind::pyspark, code, cursor);
        loop.start(std::move(work), answer);
    }

    idle_session idle;

private:
    std::int64_t seq_ = 1;
};

TEST_F(session_output, is_readable_while_the_statement_runs_from_any_position) {
    auto page = idle.self->printed(0, 0);
    EXPECT_EQ(page.text, "");
    EXPECT_EQ(page.next, 0);
    print("hello ");
    page = idle.self->printed(0, 0);
    EXPECT_EQ(page.text, "hello ");
    EXPECT_EQ(page.from, 0);
    EXPECT_EQ(page.next, 6);
    print("world\n");
    page = idle.self->printed(0, page.next);
    EXPECT_EQ(page.from, 6);
    EXPECT_EQ(page.text, "world\n");
    EXPECT_EQ(page.next, 12);
    page = idle.self->printed(0, 1000);
    EXPECT_EQ(page.text, "");
    EXPECT_EQ(page.next, 1000);
    EXPECT_EQ(idle.self->printed(5, 0).text, "");
}

TEST_F(session_output, a_page_ends_at_whole_characters) {
    const std::string characters = "é€😀x";  // 2, 3, 4 and 1 bytes
    for (std::size_t cut = 1; cut <= characters.size(); ++cut) {
        const auto before = idle.self->printed(0, 0).next;
        const auto part = characters.substr(0, cut);
        print(part);
        const auto page = idle.self->printed(0, before);
        EXPECT_EQ(dump_json(json(page.text)).find("\xEF\xBF\xBD"), std::string::npos) << "cut at " << cut;
        EXPECT_LE(part.size() - page.text.size(), 3u);
        print(characters.substr(cut));
        EXPECT_EQ(idle.self->printed(0, before).text, characters);
    }
}

TEST_F(session_output, a_long_text_comes_in_pages) {
    std::string text;
    while (text.size() < (5u << 19))
        text += "aé€😀";  // 2.5 MiB; a page's end falls inside a character
    print(text);
    std::string read;
    int pages = 0;
    for (auto page = idle.self->printed(0, 0); !page.text.empty(); page = idle.self->printed(0, page.next)) {
        EXPECT_LE(page.text.size(), 1u << 20);
        EXPECT_EQ(dump_json(json(page.text)).find("\xEF\xBF\xBD"), std::string::npos);
        read += page.text;
        ++pages;
    }
    EXPECT_EQ(read, text);
    EXPECT_EQ(pages, 3);
}

TEST_F(session_output, wakes_who_waits_for_a_change) {
    bool woken = false;
    auto wait = idle.self->changed().wait_until(std::chrono::steady_clock::time_point::max());
    loop.start(std::move(wait), woken);
    loop.settle();
    EXPECT_FALSE(woken);
    print("x");
    loop.run_until([&] { return woken; });
}

TEST_F(session_output, of_an_unknown_statement_is_dropped) {
    idle.driver->send(json{{"op", "stream"}, {"seq", 2}, {"id", 9}, {"name", "stdout"}}, "x");
    idle.driver->expect_ack(2);
    EXPECT_EQ(idle.self->printed(9, 0).text, "");
}

TEST_F(session_output, completion_asks_the_driver_also_while_a_statement_runs) {
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

TEST_F(session_output, completions_are_told_apart) {
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

TEST_F(session_output, a_driver_that_does_not_answer_in_time_means_no_candidates) {
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
    EXPECT_EQ(idle.self->state(), session_state::busy);
}

TEST_F(session_output, without_a_driver_there_are_no_candidates_at_once) {
    idle.driver->close();
    loop.settle();
    std::optional<std::string> answer;
    start_completion("x", 1, answer);
    loop.settle();
    EXPECT_EQ(answer, "[]");
}

TEST_F(session_output, the_sessions_end_ends_a_completion) {
    std::optional<std::string> answer;
    start_completion("x", 1, answer);
    idle.driver->expect("complete");
    child_of(idle.self).exit_with(1);
    loop.settle();
    EXPECT_EQ(answer, "[]");
}

TEST_F(session_output, completions_at_a_time_are_bounded) {
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

}  // namespace
}  // namespace sparkgate::test
