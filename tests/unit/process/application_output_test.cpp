// The lines are Spark's own, as seen in the output of 3.5.9 and 4.1.4; those of YARN and Kubernetes as their
// clients' sources format them.
#include "sparkgate/process/application_output.hpp"

#include <gtest/gtest.h>

namespace sparkgate::process {
namespace {

application_facts facts_of(const std::string& text) {
    application_output output;
    output.take(text);
    return output.facts();
}

TEST(application_output, nothing_is_known_of_what_says_nothing) {
    const auto facts = facts_of(
        "26/11/26 10:39:36 INFO SparkContext: Running Spark version 3.5.9\n"
        "26/11/26 10:39:36 INFO SparkContext: Submitted application: application_1_1\n"
        "26/11/26 10:39:37 INFO Utils: Successfully started service 'sparkDriver' on port 41607.\n"
        "plain text\n\n");
    EXPECT_EQ(facts.app_id, "");
    EXPECT_EQ(facts.ui_port, std::nullopt);
    EXPECT_FALSE(facts.driver_started);
}

TEST(application_output, a_local_driver) {
    const auto facts = facts_of(
        "26/11/26 10:39:38 INFO Utils: Successfully started service 'SparkUI' on port 39699.\n"
        "26/11/26 10:39:38 INFO Executor: Starting executor ID driver on host 192.0.2.2\n");
    EXPECT_EQ(facts.ui_port, 39699);
    EXPECT_TRUE(facts.driver_started);
    EXPECT_EQ(facts.app_id, "");
}

TEST(application_output, a_standalone_cluster) {
    const auto facts = facts_of(
        "INFO StandaloneSchedulerBackend: Connected to Spark cluster with app ID app-20261126103938-0000\n");
    EXPECT_EQ(facts.app_id, "app-20261126103938-0000");
    EXPECT_TRUE(facts.driver_started);
}

TEST(application_output, yarn) {
    application_output output;
    output.take("INFO YarnClientImpl: Submitted application application_1700000000000_0042\n");
    EXPECT_EQ(output.facts().app_id, "application_1700000000000_0042");
    output.take(
        "INFO Client: Application report for application_1700000000000_0042 (state: ACCEPTED)\n"
        "INFO Client: \n\t client token: N/A\n\t tracking URL: "
        "http://rm:8088/proxy/application_1700000000000_0042/\n");
    EXPECT_EQ(output.facts().cluster_state, "ACCEPTED");
    EXPECT_EQ(output.facts().tracking_url, "http://rm:8088/proxy/application_1700000000000_0042/");
    output.take("INFO Client: Application report for application_1700000000000_0042 (state: RUNNING)\n");
    EXPECT_EQ(output.facts().cluster_state, "RUNNING");
}

TEST(application_output, kubernetes) {
    const auto facts = facts_of(
        "INFO Client: Deployed Spark application my pi with application ID spark-0f1e and submission ID "
        "default:pi-driver into Kubernetes\n"
        "INFO LoggingPodStatusWatcherImpl: Application status for spark-0f1e (phase: Running)\n");
    EXPECT_EQ(facts.app_id, "spark-0f1e");
    EXPECT_EQ(facts.cluster_state, "Running");
}

TEST(application_output, blocks_may_end_anywhere) {
    const std::string text =
        "x\nINFO Utils: Successfully started service 'SparkUI' on port 4040.\nStarting executor ID driver on "
        "host h\n";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        application_output output;
        output.take(std::string_view(text).substr(0, cut));
        output.take(std::string_view(text).substr(cut));
        EXPECT_EQ(output.facts().ui_port, 4040) << cut;
        EXPECT_TRUE(output.facts().driver_started) << cut;
    }
}

TEST(application_output, long_lines_and_wrong_numbers_say_nothing) {
    const std::string padding(5000, 'x');
    EXPECT_EQ(facts_of(padding + " Successfully started service 'SparkUI' on port 4040.\n").ui_port,
              std::nullopt);
    EXPECT_EQ(facts_of(padding + "\nSuccessfully started service 'SparkUI' on port 4040.\n").ui_port, 4040);
    for (const auto* port : {"0", "99999", "abc", ""})
        EXPECT_EQ(
            facts_of("Successfully started service 'SparkUI' on port " + std::string(port) + ".\n").ui_port,
            std::nullopt)
            << port;
}

}  // namespace
}  // namespace sparkgate::process
