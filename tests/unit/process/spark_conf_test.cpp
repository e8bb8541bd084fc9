// The conf of a request: what is refused, and what the fields become.
#include "sparkgate/process/spark_conf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace sparkgate::process {
namespace {

struct golden {
    const char* name;
    std::function<void(conf_rules&, spark_request&)> change;
    conf_map expected;
};

void PrintTo(const golden& one, std::ostream* out) {
    *out << one.name;
}

conf_rules hdfs_rules() {
    conf_rules out;
    out.master = "local[2]";
    out.files.default_fs = "hdfs://nn:8020/";
    return out;
}

class PrepareConfTest : public testing::TestWithParam<golden> {};

TEST_P(PrepareConfTest, MakesConf) {
    conf_rules rules = hdfs_rules();
    spark_request request;
    GetParam().change(rules, request);
    EXPECT_EQ(prepare_conf(request, rules).value().conf, GetParam().expected);
}

const golden table[] = {
    {"Nothing", [](auto&, auto&) {}, {}},
    {"Conf",
     [](auto&, auto& r) {
         r.conf = {{"spark.a", " x=y\n"}, {"spark.empty", ""}};
     },
     {{"spark.a", " x=y\n"}, {"spark.empty", ""}}},
    {"OptionsAreNotConf",
     [](auto&, auto& r) {
         r.name = "n";
         r.queue = "q";
         r.proxy_user = "u";
         r.class_name = "c";
     },
     {}},
    {"DriverMemory",
     [](auto&, auto& r) {
         r.driver_memory = "2g";
         r.conf["spark.driver.memory"] = "1g";
     },
     {{"spark.driver.memory", "2g"}}},
    {"ExecutorMemory",
     [](auto&, auto& r) {
         r.executor_memory = "2g";
         r.conf["spark.executor.memory"] = "1g";
     },
     {{"spark.executor.memory", "2g"}}},
    {"DriverCores",
     [](auto&, auto& r) {
         r.driver_cores = 3;
         r.conf["spark.driver.cores"] = "1";
     },
     {{"spark.driver.cores", "3"}}},
    {"ExecutorCores",
     [](auto&, auto& r) {
         r.executor_cores = 3;
         r.conf["spark.executor.cores"] = "1";
     },
     {{"spark.executor.cores", "3"}}},
    {"NumExecutors",
     [](auto&, auto& r) {
         r.num_executors = 3;
         r.conf["spark.executor.instances"] = "1";
     },
     {{"spark.executor.instances", "3"}}},
    {"Jars",
     [](auto&, auto& r) {
         r.jars = {"/a.jar", "s3a://b/b.jar"};
     },
     {{"spark.jars", "hdfs://nn:8020/a.jar,s3a://b/b.jar"}}},
    {"TheRequestsListComesBeforeThatOfConf",
     [](auto&, auto& r) {
         r.jars = {"/a.jar"};
         r.conf["spark.jars"] = "/b.jar, /c.jar,,s3a://d/d.jar ";
     },
     {{"spark.jars", "hdfs://nn:8020/a.jar,hdfs://nn:8020/b.jar,hdfs://nn:8020/c.jar,s3a://d/d.jar"}}},
    {"AnItemWithACommaIsTwo",
     [](auto&, auto& r) { r.jars = {"/a.jar,/b.jar"}; },
     {{"spark.jars", "hdfs://nn:8020/a.jar,hdfs://nn:8020/b.jar"}}},
    {"Files",
     [](auto&, auto& r) {
         r.files = {"/f#x", "/g"};
     },
     {{"spark.files", "hdfs://nn:8020/f#x,hdfs://nn:8020/g"}}},
    {"PyFiles",
     [](auto&, auto& r) {
         r.py_files = {"/a.py"};
         r.conf["spark.submit.pyFiles"] = "/c.egg";
     },
     {{"spark.submit.pyFiles", "hdfs://nn:8020/a.py,hdfs://nn:8020/c.egg"}}},
    {"ArchivesLocal",
     [](auto&, auto& r) {
         r.archives = {"/e.zip#env"};
         r.conf["spark.archives"] = "/f.zip";
     },
     {{"spark.archives", "hdfs://nn:8020/e.zip#env,hdfs://nn:8020/f.zip"}}},
    {"ArchivesYarn",
     [](auto& s, auto& r) {
         s.master = "yarn";
         r.archives = {"/e.zip"};
         r.conf["spark.archives"] = "/f.zip";
     },
     {{"spark.yarn.dist.archives", "hdfs://nn:8020/e.zip"}, {"spark.archives", "hdfs://nn:8020/f.zip"}}},
    {"EveryFileKeyOfConfIsResolved",
     [](auto& s, auto& r) {
         s.files.list_keys = {"spark.my.files"};
         for (const char* key : {"spark.yarn.archive", "spark.yarn.dist.files", "spark.yarn.dist.jars",
                                 "spark.yarn.jar", "spark.yarn.jars", "spark.my.files", "spark.others"})
             r.conf[key] = "/x";
     },
     {{"spark.yarn.archive", "hdfs://nn:8020/x"},
      {"spark.yarn.dist.files", "hdfs://nn:8020/x"},
      {"spark.yarn.dist.jars", "hdfs://nn:8020/x"},
      {"spark.yarn.jar", "hdfs://nn:8020/x"},
      {"spark.yarn.jars", "hdfs://nn:8020/x"},
      {"spark.my.files", "hdfs://nn:8020/x"},
      {"spark.others", "/x"}}},
    {"AnEmptyListOfConfStays", [](auto&, auto& r) { r.conf["spark.jars"] = ""; }, {{"spark.jars", ""}}},
    {"Python",
     [](auto&, auto& r) {
         r.conf = {{"spark.pyspark.python", "p"}, {"spark.yarn.appMasterEnv.PYSPARK_PYTHON", "/q"}};
     },
     {{"spark.pyspark.python", "p"}, {"spark.yarn.appMasterEnv.PYSPARK_PYTHON", "/q"}}},
};

INSTANTIATE_TEST_SUITE_P(, PrepareConfTest, testing::ValuesIn(table),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(PreparedConfTest, WhatIsNotSparksIsLeftOut) {
    spark_request request;
    request.conf = {{"livy.rsc.jars", "/x"}, {"livy.uri", "http://h"}, {"hive.x", "y"}, {"spark.a", "b"}};
    const auto prepared = prepare_conf(request, hdfs_rules()).value();
    EXPECT_EQ(prepared.conf, (conf_map{{"spark.a", "b"}}));
    EXPECT_THAT(prepared.left_out, testing::ElementsAre("hive.x", "livy.rsc.jars", "livy.uri"));
}

TEST(PreparedConfTest, RefusesForbiddenKeys) {
    conf_rules rules = hdfs_rules();
    rules.forbidden = {"spark.submit.deployMode", "spark.master", "livy.rsc.jars"};
    const auto refusal = [&](conf_map conf) {
        spark_request request;
        request.conf = std::move(conf);
        const auto prepared = prepare_conf(request, rules);
        EXPECT_TRUE(prepared || prepared.error().code == errc::invalid_argument);
        return prepared ? "" : prepared.error().message;
    };
    const std::string text = "Blacklisted configuration values in session config: ";
    EXPECT_EQ(refusal({{"spark.submit.deployMode", "client"}}), text + "spark.submit.deployMode");
    EXPECT_EQ(refusal({{"spark.submit.deployMode", ""}, {"spark.a", ""}, {"spark.master", ""}}),
              text + "spark.master, spark.submit.deployMode");
    EXPECT_EQ(refusal({{"livy.rsc.jars", ""}}), text + "livy.rsc.jars");
    EXPECT_EQ(refusal({{"spark.submit", ""}}), "");
}

TEST(PreparedConfTest, AForbiddenKeyHasOtherWaysIn) {
    const std::pair<const char*, std::function<void(spark_request&)>> ways[] = {
        {"spark.driver.memory", [](auto& r) { r.driver_memory = "1g"; }},
        {"spark.executor.memory", [](auto& r) { r.executor_memory = "1g"; }},
        {"spark.driver.cores", [](auto& r) { r.driver_cores = 1; }},
        {"spark.executor.cores", [](auto& r) { r.executor_cores = 1; }},
        {"spark.executor.instances", [](auto& r) { r.num_executors = 1; }},
        {"spark.jars", [](auto& r) { r.jars = {"/a"}; }},
        {"spark.files", [](auto& r) { r.files = {"/a"}; }},
        {"spark.submit.pyFiles", [](auto& r) { r.py_files = {"/a"}; }},
        {"spark.archives", [](auto& r) { r.archives = {"/a"}; }},
        {"spark.app.name", [](auto& r) { r.name = "n"; }},
        {"spark.yarn.queue", [](auto& r) { r.queue = "q"; }}};
    for (const auto& [key, change] : ways) {
        conf_rules rules = hdfs_rules();
        spark_request request;
        change(request);
        EXPECT_TRUE(prepare_conf(request, rules)) << key;
        rules.forbidden = {key};
        const auto prepared = prepare_conf(request, rules);
        ASSERT_FALSE(prepared) << key;
        EXPECT_EQ(prepared.error().message,
                  std::string("Blacklisted configuration values in session config: ") + key);
    }
    for (const auto& [forbidden, given] :
         {std::pair("spark.kerberos.keytab", "spark.yarn.keytab"),
          std::pair("spark.yarn.keytab", "spark.kerberos.keytab"),
          std::pair("spark.executor.memoryOverhead", "spark.yarn.executor.memoryOverhead")}) {
        conf_rules rules = hdfs_rules();
        rules.forbidden = {forbidden};
        spark_request request;
        request.conf = {{given, "hdfs://x"}};
        EXPECT_FALSE(prepare_conf(request, rules)) << given;
    }
}

TEST(PreparedConfTest, ChecksEveryKeyThatNamesSomethingOfThisHost) {
    for (const char* key : {"spark.yarn.keytab", "spark.kerberos.keytab", "spark.jars.ivySettings",
                            "spark.driver.extraClassPath", "spark.pyspark.python", "spark.metrics.conf"}) {
        spark_request request;
        request.conf = {{key, "/etc/x"}};
        const auto prepared = prepare_conf(request, hdfs_rules());
        ASSERT_FALSE(prepared) << key;
        EXPECT_EQ(prepared.error().message, "requirement failed: conf " + std::string(key) +
                                                ": local path /etc/x cannot be used by requests");
    }
}

TEST(PreparedConfTest, WhatTheExecutorsReadIsOfThisHostWithALocalMasterOnly) {
    conf_rules rules = hdfs_rules();
    spark_request request;
    request.conf = {{"spark.executor.extraClassPath", "/opt/lib/*"}};
    EXPECT_FALSE(prepare_conf(request, rules));
    rules.master = "yarn";
    EXPECT_TRUE(prepare_conf(request, rules));
}

TEST(PreparedConfTest, AddressesOfRequestsHaveNoEffect) {
    spark_request request;
    request.conf = {{"spark.driver.bindAddress", "0.0.0.0"}, {"spark.a", "b"}};
    const auto prepared = prepare_conf(request, hdfs_rules()).value();
    EXPECT_EQ(prepared.conf, (conf_map{{"spark.a", "b"}}));
    EXPECT_EQ(prepared.remarks.size(), 1u);
}

TEST(PreparedConfTest, RefusesFilesOfEveryList) {
    conf_rules rules = hdfs_rules();
    rules.files.list_keys = {"spark.my.files"};
    const std::function<void(spark_request&)> cases[] = {
        [](auto& r) {
            r.jars = {"/ok", "a.jar"};
        },
        [](auto& r) { r.files = {"a.jar"}; },
        [](auto& r) { r.py_files = {"a.jar"}; },
        [](auto& r) { r.archives = {"a.jar"}; },
        [](auto& r) { r.jars = {"/ok,a.jar"}; },
        [](auto& r) { r.conf["spark.jars"] = "/ok, a.jar"; },
        [](auto& r) { r.conf["spark.archives"] = "a.jar"; },
        [](auto& r) { r.conf["spark.yarn.jars"] = "a.jar"; },
        [](auto& r) { r.conf["spark.my.files"] = "a.jar"; },
    };
    for (const auto& change : cases) {
        spark_request request;
        change(request);
        const auto prepared = prepare_conf(request, rules);
        ASSERT_FALSE(prepared) << &change - cases;
        EXPECT_EQ(prepared.error().message, "requirement failed: Path 'a.jar' is not absolute.");
    }
}

}  // namespace
}  // namespace sparkgate::process
