// Where Spark listens, and what of it a request may say.
#include "sparkgate/process/spark_doors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sparkgate::process {
namespace {

using environment = std::map<std::string, std::string>;
using changes = std::map<std::string, std::optional<std::string>>;

door_settings doors(const std::string& master, const door_rules& rules = {},
                    const environment& of_server = {}, const std::string& spark_env = "") {
    return make_doors(master, rules, of_server, spark_env, "s3cr3t");
}

conf_map at(const std::string& host, const std::string& address) {
    return {{"spark.connect.grpc.binding.address", address},
            {"spark.driver.bindAddress", host},
            {"spark.driver.host", host}};
}

TEST(SparkDoorsTest, ALocalMasterListensOnLoopback) {
    for (const char* master : {"local", "local[*]", "local[2,3]", "local-cluster[2,1,1024]"}) {
        const auto made = doors(master);
        EXPECT_EQ(made.defaults, at("127.0.0.1", "127.0.0.1")) << master;
        EXPECT_EQ(made.environment,
                  (changes{{"SPARK_LOCAL_IP", "127.0.0.1"}, {"SPARK_LOCAL_HOSTNAME", std::nullopt}}));
        EXPECT_EQ(made.imposed, conf_map());
    }
    EXPECT_EQ(doors("local", {}, {{"SPARK_PREFER_IPV6", "true"}}).defaults, at("[::1]", "::1"));
    EXPECT_EQ(doors("local", {}, {{"SPARK_LOCAL_IP", ""}}).defaults, at("127.0.0.1", "127.0.0.1"));
    for (const char* master : {"yarn", "k8s://https://h", "spark://h:7077"}) {
        EXPECT_EQ(doors(master).defaults, conf_map()) << master;
        EXPECT_EQ(doors(master).environment, changes());
    }
}

TEST(SparkDoorsTest, TheOperatorMayOpenThem) {
    EXPECT_EQ(doors("local", {"192.0.2.7"}).defaults, at("192.0.2.7", "192.0.2.7"));
    EXPECT_EQ(doors("local", {"0.0.0.0"}).defaults, conf_map());
    EXPECT_EQ(doors("local", {"0.0.0.0"}).environment, changes());
    EXPECT_EQ(doors("local", {}, {{"SPARK_LOCAL_IP", "192.0.2.7"}}).environment, changes());
    EXPECT_EQ(doors("local", {}, {{"SPARK_LOCAL_IP", "192.0.2.7"}}).defaults, conf_map());
    // spark-env.sh comes after this environment: what it leaves alone stays on loopback.
    for (const char* script : {"export SPARK_LOCAL_IP=192.0.2.7\n", "#!/bin/sh\n  SPARK_LOCAL_HOSTNAME=h"}) {
        EXPECT_EQ(doors("local", {}, {}, script).defaults, conf_map()) << script;
        EXPECT_EQ(doors("local", {}, {}, script).environment, (changes{{"SPARK_LOCAL_IP", "127.0.0.1"}}));
    }
    EXPECT_EQ(doors("local", {}, {}, "# - SPARK_LOCAL_IP, to set the IP\n").defaults,
              at("127.0.0.1", "127.0.0.1"));
}

TEST(SparkDoorsTest, ARequestMayNot) {
    const conf_map given{{"spark.driver.bindAddress", "0.0.0.0"},
                         {"spark.driver.host", "h"},
                         {"spark.master.rest.host", "h"},
                         {"spark.connect.grpc.binding.address", "h"},
                         {"spark.driver.port", "1"},
                         {"spark.authenticate", "false"},
                         {"spark.acls.enable", "false"},
                         {"spark.org.x.MyFilter.params", "p"}};
    auto left = given;
    const auto remarks = close_doors("local[*]", {}, left);
    EXPECT_EQ(left, (conf_map{{"spark.driver.port", "1"},
                              {"spark.authenticate", "false"},
                              {"spark.acls.enable", "false"},
                              {"spark.org.x.MyFilter.params", "p"}}));
    EXPECT_THAT(remarks,
                testing::Contains("conf spark.driver.host has no effect: with a local master the server "
                                  "says where Spark listens"));
    left = given;
    EXPECT_THAT(close_doors("yarn", {}, left), testing::IsEmpty());
    EXPECT_EQ(left, given);
    EXPECT_THAT(close_doors("yarn", {"", true, true}, left), testing::SizeIs(3));
    EXPECT_EQ(left.size(), 5u);
}

TEST(SparkDoorsTest, SecretsAndLists) {
    EXPECT_EQ(doors("yarn", {"", true, true}).imposed,
              (conf_map{{"spark.acls.enable", "true"}, {"spark.authenticate", "true"}}));
    EXPECT_EQ(doors("local-cluster[1,1,1024]", {"", true, false}).imposed,
              (conf_map{{"spark.authenticate", "true"}, {"spark.authenticate.secret", "s3cr3t"}}));
}

}  // namespace
}  // namespace sparkgate::process
