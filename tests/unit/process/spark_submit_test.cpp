// The command line and conf of spark-submit: options, order, and what each kind of master adds.
#include "sparkgate/process/spark_submit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace sparkgate::process {
namespace {

using testing::ElementsAre;
using string_list = std::vector<std::string>;

struct start {
    submit_settings settings;
    spark_request request;
    conf_map spark_defaults;
    submit_job job;
};

struct golden {
    const char* name;
    std::function<void(start&)> change;
    string_list options;  // between the properties file and the primary resource
    conf_map conf;        // besides spark.master
};

void PrintTo(const golden& one, std::ostream* out) {
    *out << one.name;
}

class SparkSubmitTest : public testing::TestWithParam<golden> {};

TEST_P(SparkSubmitTest, BuildsCommandLineAndConf) {
    start given;
    given.settings.spark_home = "/spark";
    given.settings.rules.master = "local[2]";
    given.job.app_tag = "tag-0-abc";
    given.job.primary_resource = "/app.py";
    given.job.arguments = {"one", "--two"};
    given.job.properties_file = "/s/spark.properties";
    GetParam().change(given);
    auto prepared = prepare_conf(given.request, given.settings.rules).value();
    const auto made = make_submission(given.settings, given.request, std::move(prepared.conf),
                                      given.spark_defaults, given.job);

    string_list argv{"/spark/bin/spark-submit", "--properties-file", "/s/spark.properties"};
    argv.insert(argv.end(), GetParam().options.begin(), GetParam().options.end());
    for (const char* last : {"/app.py", "one", "--two"})
        argv.emplace_back(last);
    EXPECT_EQ(made.argv, argv);
    auto conf = GetParam().conf;
    conf["spark.master"] = given.settings.rules.master;
    EXPECT_EQ(made.conf, conf);
}

void session_on(start& s, const std::string& master) {
    s.settings.rules.master = master;
    s.request.queue = "q";
    s.request.conf["spark.yarn.queue"] = "other";
}

const golden table[] = {
    {"Nothing", [](auto&) {}, {}, {}},
    {"Name", [](auto& s) { s.request.name = "a b"; }, {"--name", "a b"}, {}},
    {"NameOverridesConfAndDefault",
     [](auto& s) {
         s.request.name = "n";
         s.request.conf["spark.app.name"] = "c";
         s.job.default_name = "d";
     },
     {"--name", "n"},
     {}},
    {"NameInConfOverridesTheDefault",
     [](auto& s) {
         s.request.conf["spark.app.name"] = "c";
         s.job.default_name = "d";
     },
     {},
     {{"spark.app.name", "c"}}},
    {"DefaultNameOverridesSparkDefaults",
     [](auto& s) {
         s.spark_defaults["spark.app.name"] = "c";
         s.job.default_name = "d";
     },
     {"--name", "d"},
     {}},
    {"ClassName", [](auto& s) { s.request.class_name = "a.B"; }, {"--class", "a.B"}, {}},
    {"ProxyUser", [](auto& s) { s.request.proxy_user = "bob"; }, {"--proxy-user", "bob"}, {}},
    {"EveryOption",
     [](auto& s) {
         s.request.proxy_user = "u";
         s.request.name = "n";
         s.request.queue = "q";
         s.request.class_name = "c";
     },
     {"--name", "n", "--queue", "q", "--class", "c", "--proxy-user", "u"},
     {}},
    {"MasterOverridesConf", [](auto& s) { s.request.conf["spark.master"] = "yarn"; }, {}, {}},
    {"DeployModeOfConf",
     [](auto& s) { s.request.conf["spark.submit.deployMode"] = "cluster"; },
     {},
     {{"spark.submit.deployMode", "cluster"}}},
    {"DeployModeOverridesConf",
     [](auto& s) {
         s.settings.deploy_mode = "client";
         s.request.conf["spark.submit.deployMode"] = "cluster";
     },
     {},
     {{"spark.submit.deployMode", "client"}}},
    {"RequestThenSparkDefaultsThenDefaults",
     [](auto& s) {
         s.settings.defaults = {{"spark.a", "3"}, {"spark.b", "3"}, {"spark.c", "3"}};
         s.spark_defaults = {{"spark.a", "2"}, {"spark.b", "2"}, {"spark.driver.memory", "1g"}};
         s.request.conf = {{"spark.a", "1"}};
         s.request.driver_memory = "2g";
     },
     {},
     {{"spark.a", "1"}, {"spark.b", "2"}, {"spark.c", "3"}, {"spark.driver.memory", "2g"}}},
    {"SparkDefaultsDoNotChangeMasterAndImposedConf",
     [](auto& s) {
         s.spark_defaults = {{"spark.master", "yarn"}, {"spark.x", "2"}};
         s.request.conf = {{"spark.x", "1"}};
         s.job.imposed = {{"spark.x", "0"}};
     },
     {},
     {{"spark.x", "0"}}},
    {"DoorsAreDefaultsAndOrders",
     [](auto& s) {
         s.spark_defaults = {{"spark.driver.host", "h"}, {"spark.acls.enable", "false"}};
         s.job.doors.defaults = {{"spark.driver.host", "127.0.0.1"},
                                 {"spark.driver.bindAddress", "127.0.0.1"}};
         s.job.doors.imposed = {{"spark.acls.enable", "true"}};
     },
     {},
     {{"spark.driver.host", "h"}, {"spark.driver.bindAddress", "127.0.0.1"}, {"spark.acls.enable", "true"}}},
    {"Standalone",
     [](auto& s) { session_on(s, "spark://h:7077"); },
     {"--queue", "q"},
     {{"spark.yarn.queue", "other"}}},
    {"YarnClient",
     [](auto& s) {
         session_on(s, "yarn");
         s.settings.deploy_mode = "client";
     },
     {"--queue", "q"},
     {{"spark.submit.deployMode", "client"},
      {"spark.yarn.queue", "q"},
      {"spark.yarn.submit.waitAppCompletion", "false"},
      {"spark.yarn.tags", "tag-0-abc"}}},
    {"YarnCluster",
     [](auto& s) {
         session_on(s, "yarn");
         s.settings.deploy_mode = "cluster";
         s.request.conf["spark.yarn.tags"] = "x,y";
         s.request.conf["spark.yarn.submit.waitAppCompletion"] = "true";
     },
     {"--queue", "q"},
     {{"spark.submit.deployMode", "cluster"},
      {"spark.yarn.queue", "q"},
      {"spark.yarn.submit.waitAppCompletion", "false"},
      {"spark.yarn.tags", "tag-0-abc,x,y"}}},
    {"Kubernetes",
     [](auto& s) { session_on(s, "k8s://https://h"); },
     {"--queue", "q"},
     {{"spark.kubernetes.driver.label.spark-app-tag", "tag-0-abc"},
      {"spark.kubernetes.executor.label.spark-app-tag", "tag-0-abc"},
      {"spark.kubernetes.submission.waitAppCompletion", "false"},
      {"spark.ui.proxyBase", "/tag-0-abc"},
      {"spark.yarn.queue", "other"}}},
};

INSTANTIATE_TEST_SUITE_P(, SparkSubmitTest, testing::ValuesIn(table),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(ChildEnvironmentTest, SetsReplacesAndRemoves) {
    EXPECT_THAT(child_environment({{"A", "1"}, {"B", "2"}, {"C", "3"}},
                                  {{"B", "x=y"}, {"C", {}}, {"D", ""}, {"E", {}}}),
                ElementsAre("A=1", "B=x=y", "D="));
}

}  // namespace
}  // namespace sparkgate::process
