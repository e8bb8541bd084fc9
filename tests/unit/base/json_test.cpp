// JSON: the guards that the gateway adds to nlohmann's parser and writer.
#include "sparkgate/base/json.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace sparkgate {
namespace {

constexpr int max_depth = json_limits{}.depth;

std::string arrays(int depth, const std::string& inner = "") {
    return std::string(static_cast<std::size_t>(depth), '[') + inner +
           std::string(static_cast<std::size_t>(depth), ']');
}

std::string objects(int depth) {
    std::string out;
    for (int i = 0; i < depth; ++i)
        out += "{\"a\":";
    return out + "1" + std::string(static_cast<std::size_t>(depth), '}');
}

TEST(parse_json, takes_texts_as_deep_as_the_limit) {
    for (const auto& text : {arrays(max_depth), arrays(max_depth, "1"), objects(max_depth)}) {
        const auto parsed = parse_json(text);
        ASSERT_TRUE(parsed) << parsed.error().message;
        EXPECT_EQ(dump_json(*parsed), text);
    }
}

TEST(parse_json, refuses_texts_deeper_than_the_limit) {
    for (const auto& text :
         {arrays(max_depth + 1), arrays(max_depth + 1, "1"), objects(max_depth + 1), arrays(100'000)}) {
        const auto parsed = parse_json(text);
        ASSERT_FALSE(parsed) << text.substr(0, 80);
        EXPECT_EQ(parsed.error().code, errc::invalid_argument);
        EXPECT_EQ(parsed.error().message, "JSON is nested deeper than 64");
    }
}

TEST(parse_json, the_limit_can_be_given) {
    EXPECT_TRUE(parse_json("1", {.depth = 0}));
    EXPECT_FALSE(parse_json("[]", {.depth = 0}));
    EXPECT_TRUE(parse_json("[[]]", {.depth = 2}));
    EXPECT_FALSE(parse_json("[[[]]]", {.depth = 2}));
}

TEST(parse_json, depth_is_not_size) {
    std::string wide = "[";
    for (int i = 0; i < 1000; ++i)
        wide += "[],";
    EXPECT_TRUE(parse_json(wide + "[]]"));
}

TEST(parse_json, bounds_the_number_of_values) {
    EXPECT_TRUE(parse_json("[1,[2,{}]]", {.values = 5}));
    EXPECT_EQ(parse_json("[1,[2,{}]]", {.values = 4}).error().message, "JSON has more than 4 values");
    std::string wide = "[0";
    for (int i = 0; i < 100'000; ++i)
        wide += ",0";
    EXPECT_FALSE(parse_json(wide + "]"));
}

TEST(parse_json, bounds_the_number_of_keys) {
    EXPECT_TRUE(parse_json(R"({"a":1,"b":{"a":2}})", {.keys = 3}));
    EXPECT_EQ(parse_json(R"({"a":1,"b":{"a":2}})", {.keys = 2}).error().message,
              "JSON has more than 2 fields");
}

TEST(parse_json, refuses_a_key_that_comes_twice) {
    EXPECT_EQ(parse_json(R"({"a":1,"b":2,"a":1})").error().message, "Duplicate field 'a'");
    EXPECT_EQ(parse_json(R"({"a":{"b":1,"\u0062":2}})").error().message, "Duplicate field 'b'");
    EXPECT_TRUE(parse_json(R"({"a":{"a":1},"b":[{"a":1},{"a":1}]})"));
    const std::string longer(1000, 'x');
    EXPECT_LT(parse_json("{\"" + longer + "\":1,\"" + longer + "\":1}").error().message.size(), 100U);
}

TEST(parse_json, keeps_the_order_of_keys) {
    EXPECT_EQ(dump_json(parse_json(R"({"z":1,"a":{"y":2,"b":3}})").value()), R"({"z":1,"a":{"y":2,"b":3}})");
}

TEST(parse_json, an_array_stays_an_array) {
    EXPECT_EQ(dump_json(parse_json("[[\"a\",1]]").value()), "[[\"a\",1]]");
}

using namespace std::string_literals;

TEST(parse_json, refuses_what_is_not_one_json_text) {
    for (const auto& text : {""s, " "s, "{"s, "[1,]"s, "nope"s, "1 2"s, "{\"a\":1}}"s, "'a'"s, "\"\xff\""s,
                             "\"a\nb\""s, "{}\0"s, "{}\0garbage"s}) {
        const auto parsed = parse_json(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, errc::invalid_argument);
        EXPECT_FALSE(parsed.error().message.empty());
        EXPECT_FALSE(is_json(text)) << text;
    }
}

TEST(parse_json, refuses_a_number_that_no_double_holds) {
    const auto large = parse_json(R"({"a":-1e999})");
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().code, errc::invalid_argument);
    EXPECT_EQ(large.error().message, "Numeric value '-1e999' out of range");
    const auto long_one = parse_json(std::string(100'000, '9'));
    ASSERT_FALSE(long_one);
    EXPECT_LT(long_one.error().message.size(), 100U);
    EXPECT_TRUE(parse_json("1e-999")) << "which is nought";
}

TEST(parse_json, says_what_was_expected_and_where_in_jacksons_words) {
    const std::string value =
        "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or "
        "'false')";
    const std::vector<std::array<std::string, 3>> table{
        {"{abc", "Unexpected character ('a' (code 97)): was expecting double-quote to start field name",
         "1, column: 3"},
        {"{\"a\": 1", "Unexpected end-of-input: expected close marker for Object", "1, column: 8"},
        {"{\"a\":\n  nope}", "Unexpected character ('o' (code 111)): " + value, "2, column: 5"},
        {"<a/>", "Unexpected character ('<' (code 60)): " + value, "1, column: 2"},
        {"[1 2]", "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
         "1, column: 5"},
        {"{\"a\" 1}",
         "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
         "1, column: 7"},
        {"\"\x01\"", "Unexpected character ('CTRL-CHAR' (code 1)): " + value, "1, column: 3"},
        {"\"\xff\"", "Invalid UTF-8 start byte 0xff", "1, column: 3"}};
    for (const auto& [text, message, position] : table)
        EXPECT_EQ(parse_json(text).error().message,
                  message + "\n at [Source: JSON text; line: " + position + "]");
}

TEST(is_json, takes_every_kind_of_value) {
    for (const auto* text : {"{}", "[]", "1", "-1.5e3", "\"ä\"", "true", "null", " [1, {\"a\": null}]\n"})
        EXPECT_TRUE(is_json(text)) << text;
}

TEST(is_json, takes_deep_texts) {
    EXPECT_TRUE(is_json(arrays(100'000)));
}

TEST(is_json, refuses_a_byte_order_mark) {
    EXPECT_FALSE(is_json("\xEF\xBB\xBF{}"));  // the text is spliced into answers as it is
}

TEST(dump_json, replaces_invalid_utf8) {
    EXPECT_EQ(dump_json(json("a\xff z")), "\"a\xEF\xBF\xBD z\"");
    EXPECT_EQ(dump_json(json("cut \xE2\x82")), "\"cut \xEF\xBF\xBD\"");
}

TEST(dump_json, is_compact_and_leaves_other_characters_alone) {
    EXPECT_EQ(dump_json(json{{"a", {1, 2}}, {"ä", nullptr}}), "{\"a\":[1,2],\"ä\":null}");
}

TEST(append_json_string, escapes_and_appends) {
    std::string out = "x=";
    append_json_string(out, "a\"b\\c\n\x01 é \xff"s + '\0');
    EXPECT_EQ(out, "x=\"a\\\"b\\\\c\\n\\u0001 é \xEF\xBF\xBD\\u0000\"");
    EXPECT_TRUE(is_json(out.substr(2)));
}

}  // namespace
}  // namespace sparkgate
