// What is a secret, and how texts are shown without it.
#include "sparkgate/base/redaction.hpp"

#include <gtest/gtest.h>

namespace sparkgate {
namespace {

const std::string hidden(redacted);

TEST(redaction, hides_what_spark_hides) {
    const redactor all;
    for (const char* key :
         {"spark.my.secret", "spark.MY.SECRET", "spark.ssl.keyPassword", "spark.hadoop.fs.s3a.access.key",
          "spark.hadoop.fs.s3a.accesskey", "x.token", "spark.kubernetes.authenticate.oauthToken",
          "hive.metastore.password", "livy.credential"})
        EXPECT_EQ(all.conf_value(key, "v"), hidden) << key;
    for (const char* key : {"spark.executor.memory", "spark.access..key", "spark.hadoop.fs.s3a.endpoint", ""})
        EXPECT_EQ(all.conf_value(key, "v"), "v") << key;
}

TEST(redaction, a_value_may_tell_that_it_is_one) {
    const redactor all;
    EXPECT_EQ(all.conf_value("spark.driver.extraJavaOptions", "-Djavax.net.ssl.keyStorePassword=x"), hidden);
    EXPECT_EQ(all.conf_value("spark.url", "jdbc:postgresql://h/d?user=u&password=p"), hidden);
}

TEST(redaction, the_operators_expression_counts_too) {
    redactor all;
    EXPECT_TRUE(all.add("(?i)passphrase|api[-]?key") == false);  // a range is not understood
    EXPECT_TRUE(all.add("(?i)(passphrase|api[._]?key)"));
    EXPECT_TRUE(all.add("pin\\.code|x.*y|a+b"));
    for (const char* key : {"my.PASSPHRASE", "api.key", "apikey", "API_KEY", "pin.code", "1x23y4", "aab"})
        EXPECT_EQ(all.conf_value(key, "v"), hidden) << key;
    for (const char* key : {"api..key", "pinxcode", "yx", "b"})
        EXPECT_EQ(all.conf_value(key, "v"), "v") << key;
    EXPECT_EQ(all.conf_value("token", "v"), hidden);
}

TEST(redaction, what_is_not_understood_is_refused) {
    redactor all;
    for (const char* expression :
         {"\\d+", "^a", "a$", "a{2}", "(a)(b)", "(?=a)", "[^a]", "[a-z]", "[a", "\\", "*", "a|*"})
        EXPECT_FALSE(all.add(expression)) << expression;
    EXPECT_FALSE(all.add(std::string(64, 'a')));
    EXPECT_EQ(all.conf_value("a", "v"), "v");
}

// Every way to read it at the same time: no input is dear.
TEST(redaction, long_texts_cost_their_length) {
    redactor all;
    ASSERT_TRUE(all.add("a*a*a*a*a*a*a*a*a*b"));
    EXPECT_FALSE(all.is_secret(std::string(1 << 20, 'a')));
}

TEST(redaction, users_of_uris) {
    for (const auto& [given, shown] :
         {std::pair<std::string, std::string>{"https://u:p@h/x", "https://" + hidden + "@h/x"},
          {"https://token@h/x", "https://" + hidden + "@h/x"},
          {"s3a://AKIA:s/e@bucket/x", "s3a://AKIA:s/e@bucket/x"},  // no URI: the host is "AKIA"
          {"s3a://AKIA:se@bucket/x", "s3a://" + hidden + "@bucket/x"},
          {"abfss://container@account.dfs.core.windows.net/x",
           "abfss://container@account.dfs.core.windows.net/x"},
          {"a,http://u:p@h,ftp://u:p@h/@", "a,http://" + hidden + "@h,ftp://" + hidden + "@h/@"},
          {"jdbc:mysql://u:p@p@h/d", "jdbc:mysql://" + hidden + "@h/d"},
          {"mailto:a@b", "mailto:a@b"},
          {"http://", "http://"},
          {"", ""}})
        EXPECT_EQ(without_userinfo(given), shown);
}

TEST(redaction, files) {
    const redactor all;
    EXPECT_EQ(all.uri("https://h/x.jar?version=2"), "https://h/x.jar?version=2");
    EXPECT_EQ(all.uri("https://u:p@h/x.jar?token=abc"), "https://" + hidden + "@h/x.jar?" + hidden);
    EXPECT_EQ(all.uri("/libs/token-library.jar"), "/libs/token-library.jar");
}

}  // namespace
}  // namespace sparkgate
