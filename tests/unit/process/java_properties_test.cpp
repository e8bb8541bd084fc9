// java.util.Properties, read and written.
#include "sparkgate/process/java_properties.hpp"

#include <gtest/gtest.h>

namespace sparkgate::process {
namespace {

TEST(JavaPropertiesTest, ReadsWhatJavaReads) {
    EXPECT_EQ(parse_properties("# comment = x\n"
                               "  ! another\\\n"
                               "\n"
                               "spark.a   one two  \n"
                               "\tspark.b = 1=2:3 #4\r\n"
                               "spark.c:x\r"
                               "spark.d\n"
                               "spark.e=a,\\\n"
                               "        b,\\\r\n"
                               "   c\n"
                               "spark\\ f\\=\\:=\\t\\n\\\\\\q\\u00e9\\ud83d\\ude80\n"
                               "spark.g\\\n"
                               "  = split\n"
                               "spark.a=again\n"
                               "spark.last"),
              (conf_map{{"spark.a", "again"},
                        {"spark.b", "1=2:3 #4"},
                        {"spark.c", "x"},
                        {"spark.d", ""},
                        {"spark.e", "a,b,c"},
                        {"spark f=:", "\t\n\\qé🚀"},
                        {"spark.g", "split"},
                        {"spark.last", ""}}));
    EXPECT_EQ(parse_properties("a  kept at the end  "), (conf_map{{"a", "kept at the end  "}}));
}

TEST(JavaPropertiesTest, EveryPrefixOfAFileIsRead) {
    const std::string text = "a\\ b \\\n = \\u00e9\\ud83d\\ude80\\\r\n c\\\\\n#x\n!y\\";
    for (std::size_t n = 0; n <= text.size(); ++n)
        parse_properties(std::string(text.data(), n));
}

TEST(JavaPropertiesTest, WritesOneLineAKey) {
    EXPECT_EQ(to_properties({{"b", " x = y:#!"}, {"a c=:#!", "l1\nl2\r\t\f\\ é"}, {"empty", ""}}),
              "a\\ c\\=\\:\\#\\!=l1\\nl2\\r\\t\\f\\\\ é\n"
              "b=\\ x = y:#!\n"
              "empty=\n");
}

TEST(JavaPropertiesTest, WhatIsWrittenIsReadBack) {
    const conf_map odd{{"", "no key"},
                       {"#k", "#v"},
                       {"!k", "!v"},
                       {" lead", "   lead"},
                       {"k=1", "=x"},
                       {"k:1", ":x"},
                       {"k\\", "v\\"},
                       {"k\n2", "two\nlines\r\n"},
                       {"tab\tff\f", "\t\f tab"},
                       {"täg", "€ 🚀 \x01 \x7f"},
                       {"trailing ", "trailing  "},
                       {"escape", "\\u0041 \\n"}};
    EXPECT_EQ(parse_properties(to_properties(odd)), odd);
}

}  // namespace
}  // namespace sparkgate::process
