// Request bodies: what is taken, and the words about what is not.
#include "api/body.hpp"

#include "api/session_body.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace sparkgate::api {
namespace {

result<body_reader> parse(const std::string& body) {
    return body_reader::parse(body, "org.apache.livy.Test", {"a", "b"});
}
body_reader reader(const std::string& value) {
    return parse("{\"a\":" + value + "}").value();
}
std::string problem(const body_reader& of) {
    return of.error() ? of.error()->message : "";
}

TEST(body_reader, refuses_what_is_not_an_object) {
    for (const auto* body : {"", " \r\n\t"})
        EXPECT_EQ(parse(body).error().message, "No content to map due to end-of-input");
    for (const auto* body : {"null", "[]", "1", "\"a\""})
        EXPECT_EQ(parse(body).error().message, "The request body must be a JSON object.") << body;
    for (const auto* body : {"{", "{\"a\":}", "a=1", "{\"a\":1}x"}) {
        const auto parsed = parse(body);
        ASSERT_FALSE(parsed) << body;
        EXPECT_EQ(parsed.error().code, errc::invalid_argument);
        EXPECT_FALSE(parsed.error().message.empty());
    }
}

TEST(body_reader, an_unknown_field_is_refused_in_jacksons_words) {
    EXPECT_EQ(
        parse(R"({"a":1,"foo":2})").error().message,
        "Unrecognized field \"foo\" (class org.apache.livy.Test), not marked as ignorable "
        "(2 known properties: \"a\", \"b\"])\n (through reference chain: org.apache.livy.Test[\"foo\"])");
    EXPECT_FALSE(parse(R"({"A":1})"));
    EXPECT_FALSE(parse(R"({"foo":null})"));
}

TEST(body_reader, text) {
    const std::vector<std::pair<std::string, std::string>> table{
        {"\"x\"", "x"}, {"\"\"", ""},     {"\"é\\n\"", "é\n"}, {"1", "1"},
        {"1.5", "1.5"}, {"true", "true"}, {"false", "false"}};
    for (const auto& [value, text] : table) {
        auto in = reader(value);
        EXPECT_EQ(in.text("a"), text) << value;
        EXPECT_EQ(problem(in), "");
    }
    for (const auto* value : {"[]", "{}", "[\"x\"]"}) {
        auto in = reader(value);
        EXPECT_FALSE(in.text("a")) << value;
        EXPECT_EQ(problem(in), "Cannot read field \"a\": expected a string");
    }
}

TEST(body_reader, whole_numbers) {
    const std::vector<std::pair<std::string, int>> table{{"4", 4},
                                                         {"-4", -4},
                                                         {"\"4\"", 4},
                                                         {"\"-4\"", -4},
                                                         {"4.9", 4},
                                                         {"-4.9", -4},
                                                         {"1e3", 1000},
                                                         {"0", 0},
                                                         {"2147483647", 2147483647},
                                                         {"\"2147483647\"", 2147483647}};
    for (const auto& [value, number] : table) {
        auto in = reader(value);
        EXPECT_EQ(in.integer("a"), number) << value;
        EXPECT_EQ(problem(in), "");
    }
    for (const auto* value : {"\"\"", "\"four\"", "\"4x\"", "\"4.5\"", "\" 4\"", "true", "[4]", "{}",
                              "2147483648", "1e300", "\"2147483648\"", "99999999999999999999"}) {
        auto in = reader(value);
        EXPECT_FALSE(in.integer("a")) << value;
        EXPECT_EQ(problem(in), "Cannot read field \"a\": expected a whole number") << value;
    }
}

TEST(body_reader, lists) {
    using list = std::vector<std::string>;
    auto in = reader(R"(["x", 1, true, ""])");
    EXPECT_EQ(in.list("a"), (list{"x", "1", "true", ""}));
    EXPECT_EQ(reader("[]").list("a"), list{});
    for (const auto* value : {"\"x\"", "{}", "1", "[[]]", "[\"x\", null]", "[{}]"}) {
        auto wrong = reader(value);
        wrong.list("a");
        EXPECT_EQ(problem(wrong), "Cannot read field \"a\": expected a list of strings") << value;
    }
}

TEST(body_reader, maps) {
    using map = std::map<std::string, std::string>;
    auto in = reader(R"({"x":"1","y":2,"z":true,"n":null})");
    EXPECT_EQ(in.map("a"), (map{{"x", "1"}, {"y", "2"}, {"z", "true"}}));
    EXPECT_EQ(problem(in), "");
    for (const auto* value : {"\"x\"", "[]", "1", R"({"x":[]})", R"({"x":{}})"}) {
        auto wrong = reader(value);
        wrong.map("a");
        EXPECT_EQ(problem(wrong), "Cannot read field \"a\": expected an object of strings") << value;
    }
}

TEST(body_reader, null_is_absent) {
    for (const auto* body : {"{}", R"({"a":null})"}) {
        auto in = parse(body).value();
        EXPECT_FALSE(in.text("a"));
        EXPECT_FALSE(in.integer("a"));
        EXPECT_TRUE(in.list("a").empty());
        EXPECT_TRUE(in.map("a").empty());
        EXPECT_EQ(problem(in), "");
    }
}

TEST(body_reader, the_first_mistake_is_told) {
    auto in = parse(R"({"a":[],"b":"x"})").value();
    in.text("a");
    in.integer("b");
    EXPECT_EQ(problem(in), "Cannot read field \"a\": expected a string");
}

TEST(parse_session_request, an_empty_object_is_a_shared_session) {
    const auto out = parse_session_request("{}").value();
    EXPECT_EQ(out.kind, session::code_kind::shared);
    EXPECT_FALSE(out.spark.name);
    EXPECT_FALSE(out.spark.driver_cores);
    EXPECT_TRUE(out.spark.conf.empty());
    EXPECT_EQ(out.heartbeat_timeout_s, 0);
    EXPECT_FALSE(out.ttl);
}

TEST(parse_session_request, takes_all_17_fields) {
    const auto out = parse_session_request(R"({
        "kind":"scala", "proxyUser":"bob", "jars":["/a.jar"], "pyFiles":["/p.py"], "files":["/f"], "archives":["/z"],
        "driverMemory":"1g", "driverCores":"1", "executorMemory":"2g", "executorCores":2, "numExecutors":3.0,
        "queue":"q", "name":"n", "conf":{"spark.x":1}, "heartbeatTimeoutInSecond":"60", "ttl":"10m",
        "idleTimeout":600000})")
                         .value();
    const auto& spark = out.spark;
    EXPECT_EQ(out.kind, session::code_kind::spark);
    EXPECT_EQ(spark.proxy_user, "bob");
    EXPECT_EQ(spark.jars, std::vector<std::string>{"/a.jar"});
    EXPECT_EQ(spark.py_files, std::vector<std::string>{"/p.py"});
    EXPECT_EQ(spark.files, std::vector<std::string>{"/f"});
    EXPECT_EQ(spark.archives, std::vector<std::string>{"/z"});
    EXPECT_EQ(spark.driver_memory, "1g");
    EXPECT_EQ(spark.driver_cores, 1);
    EXPECT_EQ(spark.executor_memory, "2g");
    EXPECT_EQ(spark.executor_cores, 2);
    EXPECT_EQ(spark.num_executors, 3);
    EXPECT_EQ(spark.queue, "q");
    EXPECT_EQ(spark.name, "n");
    EXPECT_EQ(spark.conf.at("spark.x"), "1");
    EXPECT_EQ(out.heartbeat_timeout_s, 60);
    EXPECT_EQ(out.ttl, "10m");
    EXPECT_EQ(out.idle_timeout, "600000");
}

TEST(parse_session_request, null_is_the_default_everywhere) {
    const auto out =
        parse_session_request(R"({"kind":null,"jars":null,"conf":null,"driverCores":null,"ttl":null,
        "heartbeatTimeoutInSecond":null,"name":null})");
    ASSERT_TRUE(out) << out.error().message;
    EXPECT_EQ(out->kind, session::code_kind::shared);
    EXPECT_FALSE(out->spark.name);
}

TEST(parse_session_request, mistakes) {
    const auto message = [](const std::string& body) { return parse_session_request(body).error().message; };
    EXPECT_EQ(message(R"({"kind":"pyspark3"})"), "Invalid kind: pyspark3");
    EXPECT_EQ(message(R"({"driverCores":"many"})"),
              "Cannot read field \"driverCores\": expected a whole number");
    EXPECT_EQ(message(R"({"jars":"/a.jar"})"), "Cannot read field \"jars\": expected a list of strings");
    EXPECT_EQ(message(""), "No content to map due to end-of-input");
    // Zeppelin looks for this in the text.
    EXPECT_NE(message(R"({"master":"yarn"})").find("CreateInteractiveRequest[\"master\"]"),
              std::string::npos);
    EXPECT_NE(message(R"({"master":"yarn"})").find("(17 known properties: \"kind\", "), std::string::npos);
}

}  // namespace
}  // namespace sparkgate::api
