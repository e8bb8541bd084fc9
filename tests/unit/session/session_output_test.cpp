// Printed text while a statement runs.
#include "support/session_fixture.hpp"

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

    idle_session idle;

private:
    std::int64_t seq_ = 1;
};

TEST_F(session_output, is_readable_while_the_statement_runs_from_any_position) {
    auto page = idle.self->printed().read(0, 0);
    EXPECT_EQ(page.text, "");
    EXPECT_EQ(page.next, 0);
    print("hello ");
    page = idle.self->printed().read(0, 0);
    EXPECT_EQ(page.text, "hello ");
    EXPECT_EQ(page.from, 0);
    EXPECT_EQ(page.next, 6);
    print("world\n");
    page = idle.self->printed().read(0, page.next);
    EXPECT_EQ(page.from, 6);
    EXPECT_EQ(page.text, "world\n");
    EXPECT_EQ(page.next, 12);
    page = idle.self->printed().read(0, 1000);
    EXPECT_EQ(page.text, "");
    EXPECT_EQ(page.next, 1000);
    EXPECT_EQ(idle.self->printed().read(5, 0).text, "");
}

TEST_F(session_output, a_page_ends_at_whole_characters) {
    const std::string characters = "é€😀x";  // 2, 3, 4 and 1 bytes
    for (std::size_t cut = 1; cut <= characters.size(); ++cut) {
        const auto before = idle.self->printed().read(0, 0).next;
        const auto part = characters.substr(0, cut);
        print(part);
        const auto page = idle.self->printed().read(0, before);
        EXPECT_EQ(dump_json(json(page.text)).find("\xEF\xBF\xBD"), std::string::npos) << "cut at " << cut;
        EXPECT_LE(part.size() - page.text.size(), 3u);
        print(characters.substr(cut));
        EXPECT_EQ(idle.self->printed().read(0, before).text, characters);
    }
}

TEST_F(session_output, a_long_text_comes_in_pages) {
    std::string text;
    while (text.size() < (5u << 19))
        text += "aé€😀";  // 2.5 MiB; a page's end falls inside a character
    print(text);
    std::string read;
    int pages = 0;
    const auto& printed = idle.self->printed();
    for (auto page = printed.read(0, 0); !page.text.empty(); page = printed.read(0, page.next)) {
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
    EXPECT_EQ(idle.self->printed().read(9, 0).text, "");
}

}  // namespace
}  // namespace sparkgate::test
