// The command line of spark-submit, one case a field.
#include "sparkgate/process/spark_submit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace sparkgate::process {
namespace {

using testing::ElementsAre;

struct golden {
    const char* name;
    std::function<void(submit_settings&, spark_request&)> change;
    std::vector<std::string> expected;  // between spark-submit and the primary resource
};

void PrintTo(const golden& one, std::ostream* out) {
    *out << one.name;
}

class SparkSubmitTest : public testing::TestWithParam<golden> {};

TEST_P(SparkSubmitTest, BuildsTheCommandLine) {
    submit_settings settings{.spark_home = "/spark", .master = "local[2]", .deploy_mode = {}, .defaults = {}};
    spark_request request;
    GetParam().change(settings, request);
    const auto argv = spark_submit_command(settings, request, "/app.py", {"one", "--two"});
    std::vector<std::string> expected{"/spark/bin/spark-submit"};
    expected.insert(expected.end(), GetParam().expected.begin(), GetParam().expected.end());
    for (const char* last : {"/app.py", "one", "--two"})
        expected.emplace_back(last);
    EXPECT_EQ(argv, expected);
}

const std::string conf = "--conf";
const std::string local = "spark.master=local[2]";

const golden table[] = {
    {"Nothing", [](auto&, auto&) {}, {conf, local}},
    {"Name", [](auto&, auto& r) { r.name = "a b"; }, {conf, local, "--name", "a b"}},
    {"NameOverridesConf",
     [](auto&, auto& r) {
         r.name = "n";
         r.conf["spark.app.name"] = "c";
     },
     {conf, local, "--name", "n"}},
    {"NameInConf",
     [](auto&, auto& r) { r.conf["spark.app.name"] = "c"; },
     {conf, "spark.app.name=c", conf, local}},
    {"ClassName", [](auto&, auto& r) { r.class_name = "a.B"; }, {conf, local, "--class", "a.B"}},
    {"ProxyUser", [](auto&, auto& r) { r.proxy_user = "bob"; }, {conf, local, "--proxy-user", "bob"}},
    {"Queue", [](auto&, auto& r) { r.queue = "q"; }, {conf, local, "--queue", "q"}},
    {"QueueOnYarn",
     [](auto& s, auto& r) {
         s.master = "yarn";
         r.queue = "q";
         r.conf["spark.yarn.queue"] = "other";
     },
     {conf, "spark.master=yarn", conf, "spark.yarn.queue=q", "--queue", "q"}},
    {"DriverMemory",
     [](auto&, auto& r) {
         r.driver_memory = "2g";
         r.conf["spark.driver.memory"] = "1g";
     },
     {conf, "spark.driver.memory=2g", conf, local}},
    {"ExecutorMemory",
     [](auto&, auto& r) {
         r.executor_memory = "2g";
         r.conf["spark.executor.memory"] = "1g";
     },
     {conf, "spark.executor.memory=2g", conf, local}},
    {"DriverCores",
     [](auto&, auto& r) {
         r.driver_cores = 3;
         r.conf["spark.driver.cores"] = "1";
     },
     {conf, "spark.driver.cores=3", conf, local}},
    {"ExecutorCores",
     [](auto&, auto& r) {
         r.executor_cores = 3;
         r.conf["spark.executor.cores"] = "1";
     },
     {conf, "spark.executor.cores=3", conf, local}},
    {"NumExecutors",
     [](auto&, auto& r) {
         r.num_executors = 3;
         r.conf["spark.executor.instances"] = "1";
     },
     {conf, "spark.executor.instances=3", conf, local}},
    {"Jars",
     [](auto&, auto& r) {
         r.jars = {"/a.jar", "/b.jar"};
     },
     {conf, "spark.jars=/a.jar,/b.jar", conf, local}},
    {"JarsComeBeforeThoseOfConf",
     [](auto&, auto& r) {
         r.jars = {"/a.jar"};
         r.conf["spark.jars"] = "/b.jar, /c.jar,,";
     },
     {conf, "spark.jars=/a.jar,/b.jar,/c.jar", conf, local}},
    {"JarsComeBeforeThoseOfTheDefaults",
     [](auto& s, auto& r) {
         r.jars = {"/a.jar"};
         s.defaults["spark.jars"] = "/d.jar";
     },
     {conf, "spark.jars=/a.jar,/d.jar", conf, local}},
    {"JarsOfConfAloneStayAsTheyAre",
     [](auto&, auto& r) { r.conf["spark.jars"] = "/b.jar, /c.jar"; },
     {conf, "spark.jars=/b.jar, /c.jar", conf, local}},
    {"Files",
     [](auto&, auto& r) {
         r.files = {"/f#x", "/g"};
     },
     {conf, "spark.files=/f#x,/g", conf, local}},
    {"ArchivesLocal",
     [](auto&, auto& r) {
         r.archives = {"/e.zip#env"};
         r.conf["spark.archives"] = "/f.zip";
     },
     {conf, "spark.archives=/e.zip#env,/f.zip", conf, local}},
    {"ArchivesKubernetes",
     [](auto& s, auto& r) {
         s.master = "k8s://https://h";
         r.archives = {"/e.zip"};
     },
     {conf, "spark.archives=/e.zip", conf, "spark.master=k8s://https://h"}},
    {"ArchivesYarn",
     [](auto& s, auto& r) {
         s.master = "yarn";
         r.archives = {"/e.zip"};
         r.conf["spark.yarn.dist.archives"] = "/f.zip";
     },
     {conf, "spark.master=yarn", conf, "spark.yarn.dist.archives=/e.zip,/f.zip"}},
    {"PyFiles",
     [](auto&, auto& r) {
         r.py_files = {"/a.py", "/b.zip"};
         r.conf["spark.submit.pyFiles"] = "/c.egg";
     },
     {conf, local, "--py-files", "/a.py,/b.zip,/c.egg"}},
    {"PyFilesInConf",
     [](auto&, auto& r) { r.conf["spark.submit.pyFiles"] = "/c.egg"; },
     {conf, local, "--py-files", "/c.egg"}},
    {"MasterOverridesConf", [](auto&, auto& r) { r.conf["spark.master"] = "yarn"; }, {conf, local}},
    {"DeployModeOverridesConf",
     [](auto& s, auto& r) {
         s.deploy_mode = "client";
         r.conf["spark.submit.deployMode"] = "cluster";
     },
     {conf, local, conf, "spark.submit.deployMode=client"}},
    {"ConfIsSortedAndOverridesTheDefaults",
     [](auto& s, auto& r) {
         s.defaults = {{"spark.a", "default"}, {"spark.b", "default"}};
         r.conf = {{"spark.z", "x=y z"}, {"spark.a", "request"}, {"spark.empty", ""}};
     },
     {conf, "spark.a=request", conf, "spark.b=default", conf, "spark.empty=", conf, local, conf,
      "spark.z=x=y z"}},
    {"TheFieldsOverrideTheDefaults",
     [](auto& s, auto& r) {
         s.defaults["spark.driver.memory"] = "1g";
         r.driver_memory = "2g";
     },
     {conf, "spark.driver.memory=2g", conf, local}},
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
