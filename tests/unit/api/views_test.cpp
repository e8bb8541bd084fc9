// The JSON that clients see: keys, their order, and the log's pages.
#include "api/views.hpp"

#include "support/session_fixture.hpp"

#include <fstream>

namespace sparkgate::test {
namespace {

class views : public session_fixture {};

const std::vector<std::string> session_keys{"id",
                                            "name",
                                            "appId",
                                            "owner",
                                            "proxyUser",
                                            "state",
                                            "kind",
                                            "appInfo",
                                            "log",
                                            "ttl",
                                            "idleTimeout",
                                            "driverMemory",
                                            "driverCores",
                                            "executorMemory",
                                            "executorCores",
                                            "conf",
                                            "archives",
                                            "files",
                                            "heartbeatTimeoutInSecond",
                                            "jars",
                                            "numExecutors",
                                            "pyFiles",
                                            "queue"};

std::vector<std::string> keys_of(const json& object) {
    std::vector<std::string> out;
    for (const auto& [key, value] : object.items())
        out.push_back(key);
    return out;
}

json shown(session::session& of) {
    return api::session_view(of, api::newest_lines(of.log()));
}
json shown_0_7(session::session& of) {
    return api::session_view_0_7(of, api::newest_lines(of.log()));
}
std::string shown(const session::statement& of, const std::string& output) {
    std::string out;
    api::append_statement_view(out, of, of.code.value_or(""), output);
    return out;
}

TEST_F(views, a_session_has_livys_23_keys_in_livys_order) {
    ASSERT_EQ(session_keys.size(), 23u);
    const auto self = create();
    const auto view = shown(*self);
    EXPECT_EQ(keys_of(view), session_keys);
    EXPECT_EQ(keys_of(view["appInfo"]),
              (std::vector<std::string>{"driverLogUrl", "sparkUiUrl", "executorLogUrls"}));
}

TEST_F(views, a_session_of_0_7_is_the_first_9_keys) {
    const auto self = create();
    auto view = shown(*self);
    for (std::size_t i = 9; i < session_keys.size(); ++i)
        view.erase(session_keys[i]);
    EXPECT_EQ(dump_json(shown_0_7(*self)), dump_json(view));
    EXPECT_EQ(view.size(), 9u);
}

TEST_F(views, a_session_just_created_is_livys_example) {
    auto wanted = request(code_kind::shared);
    launcher.refusal = fail(errc::unavailable, "no");  // nobody writes to the log any more: it can be emptied
    const auto self = create(wanted);
    std::ofstream(self->directory() / "output.log", std::ios::trunc);
    auto view = shown(*self);
    EXPECT_EQ(view["state"], "dead");
    view["state"] = "starting";
    EXPECT_EQ(
        dump_json(view),
        R"({"id":0,"name":null,"appId":null,"owner":null,"proxyUser":null,"state":"starting","kind":"shared",)"
        R"("appInfo":{"driverLogUrl":null,"sparkUiUrl":null,"executorLogUrls":null},)"
        R"("log":["stdout: ","\nstderr: "],"ttl":null,"idleTimeout":null,"driverMemory":null,"driverCores":0,)"
        R"("executorMemory":null,"executorCores":0,"conf":{},"archives":[],"files":[],)"
        R"("heartbeatTimeoutInSecond":0,"jars":[],"numExecutors":0,"pyFiles":[],"queue":null})");
}

TEST_F(views, a_session_echoes_its_request) {
    settings.local_dir_whitelist = {"/"};
    settings.impersonation = true;
    settings.local_dir_whitelist = {"/"};
    settings.impersonation = true;
    session::session_request wanted;
    wanted.kind = code_kind::sql;
    wanted.heartbeat_timeout_s = 60;
    wanted.ttl = "10m";
    wanted.idle_timeout = "1h";
    auto& spark = wanted.spark;
    spark.name = "etl";
    spark.proxy_user = "bob";
    spark.queue = "fast";
    spark.driver_memory = "1g";
    spark.executor_memory = "2g";
    spark.driver_cores = 1;
    spark.executor_cores = 2;
    spark.num_executors = 3;
    spark.jars = {"/a.jar"};
    spark.py_files = {"/a.py", "/b.py"};
    spark.files = {"/f"};
    spark.archives = {"/z.zip"};
    spark.conf = {{"spark.x", "1"}, {"spark.x.password", "1"}};
    const auto view = shown(*create(wanted));
    const json expected{{"name", "etl"},
                        {"proxyUser", "bob"},
                        {"kind", "sql"},
                        {"ttl", "10m"},
                        {"idleTimeout", "1h"},
                        {"driverMemory", "1g"},
                        {"driverCores", 1},
                        {"executorMemory", "2g"},
                        {"executorCores", 2},
                        {"conf", json{{"spark.x", "1"}, {"spark.x.password", redacted}}},
                        {"archives", json::array({"/z.zip"})},
                        {"files", json::array({"/f"})},
                        {"heartbeatTimeoutInSecond", 60},
                        {"jars", json::array({"/a.jar"})},
                        {"numExecutors", 3},
                        {"pyFiles", json::array({"/a.py", "/b.py"})},
                        {"queue", "fast"}};
    for (const auto& [key, value] : expected.items())
        EXPECT_EQ(view[key], value) << key;
}

TEST_F(views, a_session_shows_what_its_driver_said) {
    const auto idle = start_idle();
    const auto view = shown(*idle.self);
    EXPECT_EQ(view["state"], "idle");
    EXPECT_EQ(view["appId"], "local-17");
    EXPECT_EQ(view["appInfo"]["sparkUiUrl"], "http://127.0.0.1:4040");
}

TEST_F(views, the_log_of_a_session_is_its_end_and_bounded) {
    const auto self = create();
    std::ofstream file(self->directory() / "output.log", std::ios::app);
    for (int i = 0; i < 100; ++i)
        file << "line " << i << "\n";
    file.close();
    const auto log = shown(*self)["log"];
    EXPECT_EQ(log.size(), 10U);
    EXPECT_EQ(log[8], "line 99");
    EXPECT_EQ(log[9], "\nstderr: ");
}

TEST_F(views, a_view_is_made_anew_when_its_session_or_log_has_changed) {
    static int made = 0;
    made = 0;
    const auto view = [](session::program& of, const api::log_lines& newest) {
        ++made;
        return api::session_view(static_cast<session::session&>(of), newest);
    };
    const auto idle = start_idle();
    const auto first = api::view_text(*idle.self, view);
    EXPECT_EQ(api::view_text(*idle.self, view), first);
    EXPECT_EQ(made, 1);
    std::ofstream(idle.self->directory() / "output.log", std::ios::app) << "more\n";
    EXPECT_NE(api::view_text(*idle.self, view).find("\"more\""), std::string::npos);
    child_of(idle.self).exit_with(1);
    loop.run_until([&] { return idle.self->state() == session_state::dead; }, "its end");
    EXPECT_NE(api::view_text(*idle.self, view).find("\"state\":\"dead\""), std::string::npos);
    EXPECT_EQ(made, 3);
}

TEST_F(views, one_view_is_not_answered_with_the_text_of_another) {
    const auto idle = start_idle();
    const auto whole = [](session::program& of, const api::log_lines& newest) {
        return api::session_view(static_cast<session::session&>(of), newest);
    };
    const auto short_one = [](session::program& of, const api::log_lines& newest) {
        return api::session_view_0_7(static_cast<session::session&>(of), newest);
    };
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(api::view_text(*idle.self, whole), dump_json(shown(*idle.self)));
        const auto* kept = api::kept_view(*idle.self, whole, std::chrono::hours(1));
        ASSERT_TRUE(kept);
        EXPECT_EQ(*kept, dump_json(shown(*idle.self)));
        EXPECT_EQ(api::view_text(*idle.self, short_one), dump_json(shown_0_7(*idle.self)));
        EXPECT_FALSE(api::kept_view(*idle.self, whole, std::chrono::hours(1)));
        EXPECT_FALSE(api::kept_view(*idle.self, short_one, std::chrono::milliseconds(0)));
    }
}

TEST_F(views, a_long_view_is_not_kept) {
    auto wanted = request();
    wanted.spark.conf["spark.long"] = std::string(8000, 'x');
    const auto self = create(wanted);
    const auto whole = [](session::program& of, const api::log_lines& newest) {
        return api::session_view(static_cast<session::session&>(of), newest);
    };
    EXPECT_EQ(api::view_text(*self, whole), dump_json(shown(*self)));
    EXPECT_FALSE(api::kept_view(*self, whole, std::chrono::hours(1)));
}

TEST(statement_view, has_livys_keys_in_livys_order) {
    session::statement it;
    it.code = "1+1";
    EXPECT_EQ(
        shown(it, "null"),
        R"({"id":0,"code":"1+1","state":"waiting","output":null,"progress":0.0,"started":0,"completed":0})");
    it.id = 7;
    it.code = "print(\"é\xff\")\n";
    it.state = session::statement_state::available;
    it.progress = 1.0;
    it.started = 1700000000000;
    it.completed = 1700000000001;
    EXPECT_EQ(shown(it, "{}"),
              "{\"id\":7,\"code\":\"print(\\\"é\xEF\xBF\xBD\\\")\\n\",\"state\":\"available\","
              "\"output\":{},\"progress\":1.0,\"started\":1700000000000,"
              "\"completed\":1700000000001}");
}

TEST(statement_view, passes_the_output_on_as_it_is) {
    // Key order, number spelling and depth are the driver's: nothing is parsed and written anew.
    const std::string output = R"({"z":1.50,"a":1e2,"big":12345678901234567890123,"deep":)" +
                               std::string(500, '[') + std::string(500, ']') + "}";
    const auto view = shown(session::statement{}, output);
    EXPECT_NE(view.find("\"output\":" + output + ",\"progress\""), std::string::npos);
}

// The log of three printed lines is: "stdout: ", "a", "b", "c", "\nstderr: ".

struct log_row {
    std::optional<std::int64_t> from;
    std::int64_t size;
    std::int64_t effective_from;
    std::vector<std::string> lines;
};

TEST(read_log, table) {
    const temp_dir dir;
    std::ofstream(dir.path() / "output.log") << "a\nb\nc\n";
    process::log_index log(dir.path() / "output.log");
    const std::string begin = "stdout: ", end = "\nstderr: ";
    const std::vector<std::string> all{begin, "a", "b", "c", end};
    const std::optional<std::int64_t> absent;
    const std::vector<log_row> table{
        {absent, 100, 0, all},
        {absent, 5, 0, all},
        {absent, 4, 1, {"a", "b", "c", end}},
        {absent, 2, 3, {"c", end}},
        {absent, 1, 4, {end}},
        {absent, 0, 5, {}},
        {absent, -1, 0, all},
        {-1, 2, 3, {"c", end}},
        {-100, -100, 0, all},
        {0, 0, 0, {}},
        {0, 1, 0, {begin}},
        {0, 2, 0, {begin, "a"}},
        {0, 4, 0, {begin, "a", "b", "c"}},
        {0, 5, 0, all},
        {0, 2147483647, 0, all},
        {0, -1, 0, all},
        {1, 2, 1, {"a", "b"}},
        {2, -1, 2, {"b", "c", end}},
        {3, 1, 3, {"c"}},
        {3, 2, 3, {"c", end}},
        {4, 0, 4, {}},
        {4, 1, 4, {end}},
        {4, 100, 4, {end}},
        {5, 1, 5, {}},
        {6, -1, 6, {}},
        {2147483647, 2147483647, 2147483647, {}},
    };
    for (const auto& [from, size, effective_from, lines] : table) {
        const auto page = api::read_log(log, from, size);
        const auto row =
            "from " + (from ? std::to_string(*from) : "absent") + ", size " + std::to_string(size);
        EXPECT_EQ(page.lines, lines) << row;
        EXPECT_EQ(page.from, effective_from) << row;
        EXPECT_EQ(page.total, 5) << row;
    }
}

TEST(read_log, an_empty_log_has_its_two_marks) {
    const temp_dir dir;
    process::log_index log(dir.path() / "output.log");
    const auto page = api::read_log(log, {}, 100);
    EXPECT_EQ(page.lines, (std::vector<std::string>{"stdout: ", "\nstderr: "}));
    EXPECT_EQ(page.total, 2);
    EXPECT_EQ(api::read_log(log, 1, 100).lines, std::vector<std::string>{"\nstderr: "});
}

}  // namespace
}  // namespace sparkgate::test
