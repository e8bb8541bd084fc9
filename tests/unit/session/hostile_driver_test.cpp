// A driver whose process runs hostile code: what it says changes nothing that it should not, and its
// session's log tells what was left out.
#include "support/session_fixture.hpp"

#include <gmock/gmock.h>

#include <sys/stat.h>

namespace sparkgate::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class hostile_driver : public session_fixture {
protected:
    struct running {
        idle_session at;
        statement_pointer first;
    };
    running start_running() {
        running out{start_idle(), nullptr};
        out.first = submit(out.at.self, "code");
        out.at.driver->expect("exec");
        return out;
    }

    // A reliable frame, which has been handled when this returns.
    void tell(scripted_driver& driver, json header, std::string_view payload = {}) {
        header["seq"] = ++seq_;
        driver.send(header, payload);
        driver.expect_ack(seq_);
    }

    std::int64_t bytes_of(const session_pointer& owner, const char* file) {
        struct stat found {};
        return ::stat((owner->directory() / file).c_str(), &found) == 0 ? found.st_size : -1;
    }

    std::int64_t seq_ = 1;  // `ready`
};

TEST_F(hostile_driver, only_a_page_and_an_id_are_shown) {
    const std::vector<json> pages{"javascript:alert(1)",
                                  "data:text/html,x",
                                  "ftp://host/",
                                  "//host",
                                  "http://",
                                  "http://user:secret@host:4040",
                                  "http://host/\"><script>",
                                  "http://host/a b",
                                  "http://host/\n",
                                  "http://h/" + std::string(3000, 'x'),
                                  17,
                                  json::array()};
    for (const auto& page : pages) {
        const auto self = create();
        const auto driver = dial(self);
        auto said = ready();
        said["ui_url"] = page;
        said["app_id"] = "local-17\nsparkgate: forged";
        driver->send(said);
        wait_state(self, session_state::idle);
        EXPECT_EQ(self->ui_url(), "") << page;
        EXPECT_EQ(self->app_id(), "");
        EXPECT_THAT(log_text(self), HasSubstr("an application id that is none"));
    }
}

TEST_F(hostile_driver, it_is_ready_once) {
    const auto idle = start_idle();
    auto again = ready();
    again["app_id"] = "local-18";
    again["ui_url"] = "http://elsewhere";
    tell(*idle.driver, again);
    EXPECT_EQ(idle.self->app_id(), "local-17");
    EXPECT_EQ(idle.self->ui_url(), "http://127.0.0.1:4040");
}

TEST_F(hostile_driver, its_words_are_one_line_each) {
    const std::string forged = "x\nsparkgate: forged\r\x1b[2J\u2028sparkgate: too\u202E";
    const auto self = create();
    const auto driver = dial(self);
    seq_ = 0;
    tell(*driver, {{"op", "phase"}, {"name", forged}, {"t", now_ms()}});
    tell(*driver, {{"op", "log"}, {"text", forged}});
    auto said = ready();
    said["spark"] = said["python"] = forged;
    tell(*driver, said);
    child_of(self).stubborn = true;
    tell(*driver, {{"op", "failed"}, {"phase", forged}, {"message", forged}, {"detail", forged}});
    wait_state(self, session_state::shutting_down);
    const auto log = log_text(self);
    EXPECT_THAT(log, Not(HasSubstr("\nsparkgate: forged")));
    EXPECT_THAT(log, Not(HasSubstr("\x1b")));
    EXPECT_THAT(log, Not(HasSubstr("\u2028")));
    EXPECT_THAT(log, HasSubstr("driver: x\\x0asparkgate: forged"));
    EXPECT_THAT(self->reason(), Not(HasSubstr("\n")));
}

TEST_F(hostile_driver, a_flood_of_remarks_does_not_fill_the_log) {
    const auto run = start_running();
    const std::string long_line(10'000, 'x');
    std::string flood;
    for (int i = 0; i < 3000; ++i) {
        flood += driver::encode(json{{"op", "log"}, {"text", long_line}});
        flood += driver::encode(json{{"op", "phase"}, {"name", long_line}, {"t", now_ms()}});
    }
    run.at.driver->send_bytes(flood);
    tell(*run.at.driver, {{"op", "log"}, {"text", "last"}});
    EXPECT_LT(bytes_of(run.at.self, "output.log"), 5 << 20);
    EXPECT_THAT(log_text(run.at.self), HasSubstr("the driver says too much"));
}

TEST_F(hostile_driver, text_is_kept_where_a_statement_may_print_only) {
    const auto run = start_running();
    const auto limit = static_cast<std::int64_t>(settings.output_limit.value);
    tell(*run.at.driver, {{"op", "stream"}, {"id", 0}, {"at", 0}}, "kept");
    for (const std::int64_t at : {std::int64_t{1} << 40, INT64_MAX, INT64_MIN, std::int64_t{-1}, 2 * limit})
        tell(*run.at.driver, {{"op", "stream"}, {"id", 0}, {"at", at}}, "beyond");
    tell(*run.at.driver, {{"op", "stream"}, {"id", 0}, {"at", "text"}}, "beyond");
    EXPECT_EQ(run.at.self->printed().read(0, 0).text, "kept");
    EXPECT_EQ(bytes_of(run.at.self, "statement-0.out"), 4);
    EXPECT_THAT(log_text(run.at.self), HasSubstr("text beyond what a statement may print"));
}

TEST_F(hostile_driver, it_prints_for_the_statement_that_it_has_only) {
    const auto run = start_running();
    const auto waiting = submit(run.at.self, "waits");
    tell(*run.at.driver, {{"op", "stream"}, {"id", 1}}, "early");
    tell(*run.at.driver, {{"op", "stream"}, {"id", 99}}, "nobody's");
    tell(*run.at.driver, {{"op", "started"}, {"id", 1}, {"t", now_ms()}});
    tell(*run.at.driver, result_of(0, 1), text_output("early"));
    EXPECT_EQ(waiting->state, statement_state::waiting);
    EXPECT_EQ(bytes_of(run.at.self, "statement-1.out"), -1);
    EXPECT_EQ(bytes_of(run.at.self, "statement-99.out"), -1);
    EXPECT_THAT(log_text(run.at.self), HasSubstr("a statement that it does not have"));
}

TEST_F(hostile_driver, a_clock_beyond_reason_is_not_believed) {
    const auto run = start_running();
    const auto before = run.first->started;
    tell(*run.at.driver, {{"op", "started"}, {"id", 0}, {"t", INT64_MAX}});
    EXPECT_EQ(run.first->started, before);
    auto result = result_of(0, 0);
    result["t"] = INT64_MIN;
    tell(*run.at.driver, result, text_output("x"));
    EXPECT_GE(run.first->completed, before);
}

TEST_F(hostile_driver, a_statement_starts_once) {
    const auto run = start_running();
    tell(*run.at.driver, {{"op", "started"}, {"id", 0}, {"t", now_ms()}});
    const auto writes = store.enqueued;
    for (int i = 0; i < 100; ++i)
        tell(*run.at.driver, {{"op", "started"}, {"id", 0}, {"t", now_ms()}});
    EXPECT_EQ(store.enqueued, writes);
}

TEST_F(hostile_driver, a_progress_that_is_none_changes_nothing) {
    const auto run = start_running();
    for (const auto& value : {json(-1), json(1.5), json(1e300), json("0.5"), json()})
        run.at.driver->send({{"op", "progress"}, {"id", 0}, {"value", value}});
    tell(*run.at.driver, {{"op", "log"}, {"text", "last"}});
    EXPECT_EQ(run.first->progress, 0.0);
}

}  // namespace
}  // namespace sparkgate::test
