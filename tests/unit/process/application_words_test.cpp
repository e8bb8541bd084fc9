#include "sparkgate/process/application_words.hpp"

#include "sparkgate/process/application_output.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sparkgate::process {
namespace {

TEST(ApplicationWordsTest, IdsOfSparkAndOfClusterManagers) {
    for (const auto* id : {"local-1700000000000", "application_1700000000000_0001", "app-20260101000000-0000",
                           "spark-0b9dd1c0e7a94c0f8b1d", "spark-pi.x"})
        EXPECT_TRUE(is_app_id(id)) << id;
    for (const auto& id :
         {std::string(), std::string("a b"), std::string("../x"), std::string("a/b"), std::string("a\nb"),
          std::string("é"), std::string(201, 'a'), std::string("a\0b", 3)})
        EXPECT_FALSE(is_app_id(id)) << id;
}

TEST(ApplicationWordsTest, PagesOfApplications) {
    for (const auto* url : {"http://host:4040", "https://10.0.0.1:8088/proxy/application_1_2/?a=b#c",
                            "http://[::1]:4040/", "http://host.example/x"})
        EXPECT_TRUE(is_page_url(url)) << url;
    for (const auto& url :
         {std::string(), std::string("http://"), std::string("http:///x"), std::string("HTTP://host"),
          std::string("javascript:alert(1)"), std::string("javascript://host/%0aalert(1)"),
          std::string("data:text/html,x"), std::string("file:///etc/passwd"), std::string("//host/x"),
          std::string("http://u:p@host/"), std::string("http://u@host"), std::string("http://host/ x"),
          std::string("http://host/\"onclick=x"), std::string("http://host/<x>"),
          std::string("http://host\\@evil"), std::string("http://host/\n"), std::string("http://host/é"),
          "http://h/" + std::string(2048, 'x')})
        EXPECT_FALSE(is_page_url(url)) << url;
}

TEST(ApplicationWordsTest, AProgramsOutputTellsNothingElse) {
    application_output output;
    output.take(
        "Connected to Spark cluster with app ID ../../x\n"
        "Submitted application application_1\x1b[2J\n"
        "Deployed Spark application x with application ID a\"b\n"
        "tracking URL: http://user:secret@host/\n"
        "tracking URL: httpjavascript:alert(1)\n");
    EXPECT_EQ(output.facts().app_id, "");
    EXPECT_EQ(output.facts().tracking_url, "");
}

}  // namespace
}  // namespace sparkgate::process
