// Request bodies: what is taken, and the words about what is not.
#include "api/body.hpp"

#include "api/batch_body.hpp"
#include "api/session_body.hpp"
#include "api/text_limits.hpp"

#include "sparkgate/base/files.hpp"

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
const std::string in_a = " (through reference chain: org.apache.livy.Test[\"a\"])";
std::string wrong_type(const std::string& type, const std::string& found, const std::string& token) {
    return "Cannot deserialize value of type `" + type + "` from " + found + " value (token `JsonToken." +
           token + "`)" + in_a;
}

TEST(body_reader, refuses_what_is_not_an_object) {
    for (const auto* body : {"", " \r\n\t"})
        EXPECT_EQ(parse(body).error().message, "No content to map due to end-of-input");
    const std::string make =
        "Cannot construct instance of `org.apache.livy.Test` (although at least one Creator "
        "exists): no ";
    const std::vector<std::pair<const char*, std::string>> table{
        {"null", "The request body must be a JSON object, not null."},
        {"[]",
         "Cannot deserialize value of type `org.apache.livy.Test` from Array value (token "
         "`JsonToken.START_ARRAY`)"},
        {"true",
         "Cannot deserialize value of type `org.apache.livy.Test` from Boolean value (token "
         "`JsonToken.VALUE_TRUE`)"},
        {"1", make + "int/Int-argument constructor/factory method to deserialize from Number value (1)"},
        {"\"x\"",
         make + "String-argument constructor/factory method to deserialize from String value ('x')"}};
    for (const auto& [body, message] : table)
        EXPECT_EQ(parse(body).error().message, message) << body;
    for (const auto* body : {"{", "{\"a\":}", "a=1", "{\"a\":1}x"}) {
        const auto parsed = parse(body);
        ASSERT_FALSE(parsed) << body;
        EXPECT_EQ(parsed.error().code, errc::invalid_argument);
        EXPECT_FALSE(parsed.error().message.empty());
    }
}

TEST(body_reader, an_unknown_field_is_refused_in_jacksons_words) {
    EXPECT_EQ(parse(R"({"a":1,"foo":2})").error().message,
              "Unrecognized field \"foo\" (class org.apache.livy.Test), not marked as ignorable "
              "(2 known properties: \"a\", \"b\"]) (through reference chain: org.apache.livy.Test[\"foo\"])");
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
    auto list = reader("[\"x\"]"), object = reader("{}");
    EXPECT_FALSE(list.text("a"));
    EXPECT_EQ(problem(list), wrong_type("java.lang.String", "Array", "START_ARRAY"));
    EXPECT_FALSE(object.text("a"));
    EXPECT_EQ(problem(object), wrong_type("java.lang.String", "Object", "START_OBJECT"));
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
        EXPECT_TRUE(problem(in).ends_with(in_a)) << value;
    }
    auto text = reader("\"four\""), flag = reader("true"), large = reader("2147483648");
    (void)text.integer("a"), (void)flag.integer("a"), (void)large.integer("a");
    EXPECT_EQ(problem(text),
              "Cannot deserialize value of type `int` from String \"four\": not a valid `int` value" + in_a);
    EXPECT_EQ(problem(flag), wrong_type("int", "Boolean", "VALUE_TRUE"));
    EXPECT_EQ(problem(large),
              "Numeric value (2147483648) out of range of int (-2147483648 - 2147483647)" + in_a);
}

TEST(body_reader, lists) {
    using list = std::vector<std::string>;
    auto in = reader(R"(["x", 1, true, ""])");
    EXPECT_EQ(in.list("a"), (list{"x", "1", "true", ""}));
    EXPECT_EQ(reader("[]").list("a"), list{});
    const std::string type = "scala.collection.immutable.List<java.lang.String>", text = "java.lang.String";
    const std::vector<std::pair<const char*, std::string>> table{
        {"\"x\"", wrong_type(type, "String", "VALUE_STRING")},
        {"{}", wrong_type(type, "Object", "START_OBJECT")},
        {"1", wrong_type(type, "Integer", "VALUE_NUMBER_INT")},
        {"[[]]", wrong_type(text, "Array", "START_ARRAY")},
        {"[\"x\", null]", wrong_type(text, "Null", "VALUE_NULL")}};
    for (const auto& [value, message] : table) {
        auto wrong = reader(value);
        wrong.list("a");
        EXPECT_EQ(problem(wrong), message) << value;
    }
}

TEST(body_reader, maps) {
    using map = std::map<std::string, std::string>;
    auto in = reader(R"({"x":"1","y":2,"z":true,"n":null})");
    EXPECT_EQ(in.map("a"), (map{{"x", "1"}, {"y", "2"}, {"z", "true"}}));
    EXPECT_EQ(problem(in), "");
    const std::string type = "scala.collection.immutable.Map<java.lang.String,java.lang.String>";
    const std::vector<std::pair<const char*, std::string>> table{
        {"[]", wrong_type(type, "Array", "START_ARRAY")},
        {"1.5", wrong_type(type, "Floating-point", "VALUE_NUMBER_FLOAT")},
        {R"({"x":{}})", wrong_type("java.lang.String", "Object", "START_OBJECT")}};
    for (const auto& [value, message] : table) {
        auto wrong = reader(value);
        wrong.map("a");
        EXPECT_EQ(problem(wrong), message) << value;
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
    EXPECT_EQ(problem(in), wrong_type("java.lang.String", "Array", "START_ARRAY"));
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
    const std::string chain =
        " (through reference chain: org.apache.livy.server.interactive.CreateInteractiveRequest[\"kind\"])";
    EXPECT_EQ(message(R"({"kind":"pyspark3"})"), "Invalid kind: pyspark3" + chain);
    EXPECT_EQ(message(R"({"kind":1})"), "requirement failed: Kind should be a string." + chain);
    EXPECT_TRUE(message(R"({"driverCores":"many"})").ends_with("CreateInteractiveRequest[\"driverCores\"])"));
    EXPECT_EQ(message(""), "No content to map due to end-of-input");
    // Zeppelin looks for this in the text.
    EXPECT_NE(message(R"({"master":"yarn"})").find("CreateInteractiveRequest[\"master\"]"),
              std::string::npos);
    EXPECT_NE(message(R"({"master":"yarn"})").find("(17 known properties: \"executorCores\", "),
              std::string::npos);
}

// A body whose field holds `text`: as it is, in a list, or as a key or value of a map.
std::string body_with(const std::string& field, const std::string& text) {
    json value = text;
    if (field == "args" || field == "jars" || field == "pyFiles" || field == "files" || field == "archives")
        value = json::array({"x", text});
    if (field == "conf") value = json{{"k", text}};
    if (field == "conf key") value = json{{text, "v"}};
    return dump_json(json{{field.substr(0, field.find(' ')), value}});
}

std::string message_of(const result<session::session_request>& parsed) {
    return parsed ? "" : parsed.error().message;
}
std::string message_of(const result<session::batch_request>& parsed) {
    return parsed ? "" : parsed.error().message;
}

TEST(text_limits, every_text_of_a_creation_has_one) {
    const std::vector<std::string> both{"name",           "proxyUser", "queue",   "driverMemory",
                                        "executorMemory", "jars",      "files",   "pyFiles",
                                        "archives",       "conf",      "conf key"};
    auto of_session = both, of_batch = both;
    of_session.insert(of_session.end(), {"ttl", "idleTimeout"});
    of_batch.insert(of_batch.end(), {"file", "args", "className"});
    const auto check = [](const auto& fields, auto parse_body) {
        for (const auto& field : fields) {
            const auto most = longest_field(field).value();
            EXPECT_EQ(message_of(parse_body(body_with(field, std::string(most, '1')))), "") << field;
            for (const auto size : {most + 1, std::size_t{1} << 20}) {
                const auto message = message_of(parse_body(body_with(field, std::string(size, '1'))));
                EXPECT_NE(message.find("is too long, the most is " + std::to_string(most)),
                          std::string::npos);
                EXPECT_TRUE(message.ends_with("[\"" + field.substr(0, field.find(' ')) + "\"])")) << message;
                EXPECT_LT(message.size(), 600u) << "and is no longer than a line itself";
            }
        }
    };
    check(of_session, parse_session_request);
    check(of_batch, parse_batch_request);
    EXPECT_NE(
        message_of(parse_session_request(body_with("kind", std::string(1 << 20, 'x')))).find("too long"),
        std::string::npos);
}

TEST(text_limits, a_number_counts_as_it_is_written) {
    const auto message = message_of(parse_session_request("{\"ttl\":" + std::string(400, '1') + "}"));
    EXPECT_NE(message, "") << "no number has 400 digits";
}

TEST(text_limits, the_page_holds_the_table) {
    const auto root = std::filesystem::path(SPARKGATE_TEST_DATA).parent_path().parent_path();
    const auto page = read_file(root / "docs" / "limits.md").value();
    EXPECT_NE(page.find(text_limits_markdown()), std::string::npos) << "docs/limits.md should hold:\n"
                                                                    << text_limits_markdown();
}

}  // namespace
}  // namespace sparkgate::api
