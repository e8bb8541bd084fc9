// What spark-submit is started with, field by field of a creation request: arguments, conf, environment.
#include "support/session_fixture.hpp"

#include "sparkgate/process/java_properties.hpp"

#include <gmock/gmock.h>

#include <functional>

namespace sparkgate::test {
namespace {

using process::conf_map;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using string_list = std::vector<std::string>;

class session_command : public session_fixture {
protected:
    session_command() { settings.local_dir_whitelist = {"/opt/lib"}; }

    conf_map conf_of(const session_pointer& owner) {
        return process::parse_properties(read_file(owner->directory() / "spark.properties").value());
    }
    // Without spark-submit, its properties file and the driver, which are always the same.
    string_list options_of(const session_pointer& owner) {
        const auto& argv = child_of(owner).spec.argv;
        const auto file = (owner->directory() / "spark.properties").string();
        EXPECT_EQ(string_list(argv.begin(), argv.begin() + 3),
                  (string_list{"/opt/spark/bin/spark-submit", "--properties-file", file}));
        EXPECT_EQ(
            string_list(argv.end() - 2, argv.end()),
            (string_list{"/opt/sparkgate/repl/driver.py", (owner->directory() / "driver.json").string()}));
        return {argv.begin() + 3, argv.end() - 2};
    }
    void write_spark_defaults(const std::string& text) {
        const auto folder = directory.path() / "spark-conf";
        make_private_directory(folder).value();
        write_file_atomically(folder / "spark-defaults.conf", text).value();
    }

    const string_list named_by_default{"--name", "livy-session-0"};
    const conf_map usual{{"spark.connect.grpc.binding.address", "127.0.0.1"},
                         {"spark.driver.bindAddress", "127.0.0.1"},
                         {"spark.driver.host", "127.0.0.1"},
                         {"spark.master", "local[2]"},
                         {"spark.sql.catalogImplementation", "in-memory"},
                         {"spark.submit.deployMode", "client"}};
};

struct field {
    const char* name;
    std::function<void(session::session_request&)> change;
    string_list options{"--name", "livy-session-0"};
    conf_map conf{};  // besides the usual
};

void PrintTo(const field& one, std::ostream* out) {
    *out << one.name;
}

class session_field : public session_command, public ::testing::WithParamInterface<field> {};

TEST_P(session_field, becomes_options_and_conf) {
    auto wanted = request();
    GetParam().change(wanted);
    const auto self = create(wanted);
    EXPECT_EQ(options_of(self), GetParam().options);
    auto conf = GetParam().conf;
    conf.insert(usual.begin(), usual.end());
    EXPECT_EQ(conf_of(self), conf);
    EXPECT_EQ(child_of(self).spec.env,
              (string_list{"HOME=/home/ada", "PYTHONUNBUFFERED=1", "SPARKGATE_SESSION_ID=0",
                           "SPARKGATE_STATE_DIR=" + directory.path().string(), "SPARK_LOCAL_IP=127.0.0.1"}));
}

const field fields[] = {
    {"nothing", [](auto&) {}},
    {"kind", [](auto& r) { r.kind = code_kind::sparkr; }},
    {"proxyUser", [](auto& r) { r.spark.proxy_user = "bob"; }},
    {"jars",
     [](auto& r) {
         r.spark.jars = {"/opt/lib/a.jar", "hdfs://nn/b.jar"};
     },
     {"--name", "livy-session-0"},
     {{"spark.jars", "file:///opt/lib/a.jar,hdfs://nn/b.jar"}}},
    {"pyFiles",
     [](auto& r) { r.spark.py_files = {"/opt/lib/a.py"}; },
     {"--name", "livy-session-0"},
     {{"spark.submit.pyFiles", "file:///opt/lib/a.py"}}},
    {"files",
     [](auto& r) { r.spark.files = {"/opt/lib/a#b"}; },
     {"--name", "livy-session-0"},
     {{"spark.files", "file:///opt/lib/a#b"}}},
    {"archives",
     [](auto& r) { r.spark.archives = {"/opt/lib/a.zip#env"}; },
     {"--name", "livy-session-0"},
     {{"spark.archives", "file:///opt/lib/a.zip#env"}}},
    {"driverMemory",
     [](auto& r) { r.spark.driver_memory = "2g"; },
     {"--name", "livy-session-0"},
     {{"spark.driver.memory", "2g"}}},
    {"driverCores",
     [](auto& r) { r.spark.driver_cores = 2; },
     {"--name", "livy-session-0"},
     {{"spark.driver.cores", "2"}}},
    {"executorMemory",
     [](auto& r) { r.spark.executor_memory = "3g"; },
     {"--name", "livy-session-0"},
     {{"spark.executor.memory", "3g"}}},
    {"executorCores",
     [](auto& r) { r.spark.executor_cores = 3; },
     {"--name", "livy-session-0"},
     {{"spark.executor.cores", "3"}}},
    {"numExecutors",
     [](auto& r) { r.spark.num_executors = 4; },
     {"--name", "livy-session-0"},
     {{"spark.executor.instances", "4"}}},
    {"queue", [](auto& r) { r.spark.queue = "q"; }, {"--name", "livy-session-0", "--queue", "q"}},
    {"name", [](auto& r) { r.spark.name = "etl"; }, {"--name", "etl"}},
    {"conf",
     [](auto& r) {
         r.spark.conf = {
             {"spark.a b", " x=y\nz"}, {"spark.app.name", "mine"}, {"livy.rsc.sql.num-rows", "5"}};
     },
     {},
     {{"spark.a b", " x=y\nz"}, {"spark.app.name", "mine"}}},
    {"heartbeatTimeoutInSecond", [](auto& r) { r.heartbeat_timeout_s = 60; }},
    {"ttl", [](auto& r) { r.ttl = "10m"; }},
    {"idleTimeout", [](auto& r) { r.idle_timeout = "10m"; }},
};

INSTANTIATE_TEST_SUITE_P(, session_field, ::testing::ValuesIn(fields),
                         [](const auto& param) { return std::string(param.param.name); });

TEST_F(session_command, imposes_the_catalog_and_on_yarn_a_single_attempt) {
    settings.hive_context = true;
    settings.spark_master = "yarn";
    auto wanted = request();
    wanted.spark.conf = {{"spark.sql.catalogImplementation", "in-memory"},
                         {"spark.yarn.maxAppAttempts", "3"}};
    auto conf = conf_of(create(wanted));
    EXPECT_THAT(conf["spark.yarn.tags"], MatchesRegex("livy-session-0-[a-z0-9]{8}"));
    EXPECT_NE(conf_of(create())["spark.yarn.tags"].substr(15), conf["spark.yarn.tags"].substr(15));
    conf.erase("spark.yarn.tags");
    EXPECT_EQ(conf, (conf_map{{"spark.master", "yarn"},
                              {"spark.sql.catalogImplementation", "hive"},
                              {"spark.submit.deployMode", "client"},
                              {"spark.yarn.isPython", "true"},
                              {"spark.yarn.maxAppAttempts", "1"},
                              {"spark.yarn.submit.waitAppCompletion", "false"}}));
}

TEST_F(session_command, a_proxy_user_counts_with_impersonation_only) {
    settings.impersonation = true;
    auto wanted = request();
    wanted.spark.proxy_user = "bob";
    EXPECT_THAT(child_of(create(wanted)).spec.argv, testing::IsSupersetOf({"--proxy-user", "bob"}));
}

TEST_F(session_command, spark_defaults_count_where_the_request_says_nothing) {
    write_spark_defaults("spark.a  1\nspark.b  1\n");
    auto wanted = request();
    wanted.spark.conf = {{"spark.b", "2"}};
    const auto conf = conf_of(create(wanted));
    EXPECT_EQ(conf.at("spark.a"), "1");
    EXPECT_EQ(conf.at("spark.b"), "2");
    write_spark_defaults("spark.a  3\n");
    EXPECT_EQ(conf_of(create()).at("spark.a"), "3") << "read anew for each session";
}

TEST_F(session_command, spark_defaults_that_cannot_be_read_end_the_start) {
    make_private_directory(directory.path() / "spark-conf" / "spark-defaults.conf").value();
    const auto self = create();
    EXPECT_EQ(self->state(), session_state::dead);
    EXPECT_THAT(self->reason(), HasSubstr("spark-defaults.conf"));
    EXPECT_TRUE(launcher.children.empty());
}

TEST_F(session_command, conf_is_in_a_private_file_and_nowhere_else) {
    auto wanted = request();
    wanted.spark.conf["spark.hadoop.fs.s3a.secret.key"] = "open-sesame";
    const auto self = create(wanted);
    const auto file = self->directory() / "spark.properties";
    EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0600));
    EXPECT_THAT(child_of(self).spec.argv, Not(Contains(HasSubstr("open-sesame"))));
    EXPECT_THAT(child_of(self).spec.env, Not(Contains(HasSubstr("open-sesame"))));
    EXPECT_THAT(log_text(self), Not(HasSubstr("open-sesame")));
    remove(self);
    EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(session_command, conf_that_is_not_for_spark_is_remarked_on_and_still_echoed) {
    auto wanted = request();
    wanted.spark.conf = {{"livy.uri", "http://h"}, {"evil\nkey", "x"}};
    const auto self = create(wanted);
    EXPECT_EQ(self->request().spark.conf, wanted.spark.conf);
    EXPECT_THAT(log_text(self),
                HasSubstr("sparkgate: conf livy.uri is not for Spark and has no meaning here\n"));
    EXPECT_THAT(log_text(self), HasSubstr("sparkgate: conf evil\\x0akey is not"));
}

TEST_F(session_command, livys_keys_for_one_session_reach_its_driver) {
    auto wanted = request();
    wanted.spark.conf = {{"livy.rsc.sql.num-rows", "7"}, {"livy.rsc.job-cancel.timeout", "5s"}};
    const auto self = create(wanted);
    EXPECT_EQ(driver_file(self)["options"]["sql_rows"], 7);
    EXPECT_EQ(driver_file(self)["options"]["cancel_timeout"], 5.0);
    const auto other = create();
    EXPECT_EQ(driver_file(other)["options"]["sql_rows"], 1000);
    EXPECT_EQ(driver_file(other)["options"]["cancel_timeout"], 30.0);
    EXPECT_THAT(log_text(self), Not(HasSubstr("no meaning here")));
    wanted.spark.conf = {{"livy.rsc.sql.num-rows", "-1"}};
    EXPECT_EQ(try_create(wanted).error().code, errc::invalid_argument);
}

TEST_F(session_command, what_may_not_be_asked_for_leaves_nothing_behind) {
    settings.max_creation = 1;
    auto wanted = request();
    wanted.spark.jars = {"/etc/passwd"};
    for (int i = 0; i < 2;
         ++i) {  // the second time there is no room either: the request is wrong all the same
        const auto refused = try_create(wanted);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, errc::invalid_argument);
        EXPECT_EQ(refused.error().message,
                  "requirement failed: Local path /etc/passwd cannot be added to user sessions.");
        EXPECT_EQ(launcher.children.size(), static_cast<std::size_t>(i));
        EXPECT_EQ(store.load()->sessions.size(), static_cast<std::size_t>(i));
        if (i == 0) {
            EXPECT_EQ(create()->id(), 0) << "a refusal takes no id";
        }
    }
}

}  // namespace
}  // namespace sparkgate::test
