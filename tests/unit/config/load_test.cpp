// Reading the configuration: the file's format, --set, where values come from, and what is said about
// mistakes.
#include "sparkgate/config/load.hpp"

#include "config/options.hpp"
#include "support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace sparkgate::config {
namespace {

class load_configuration : public ::testing::Test {
protected:
    boost::system::result<loaded, load_error> from_text(const std::string& text,
                                                        const std::vector<std::string>& assignments = {}) {
        std::ofstream(file) << text;
        return load(file, assignments);
    }

    static const effective_value& effective(const loaded& from, const std::string& key) {
        for (const auto& each : from.effective)
            if (each.key == key) return each;
        throw std::runtime_error("no such key: " + key);
    }

    test::temp_dir dir;
    const std::filesystem::path file = dir.path() / "sparkgate.conf";
};

TEST_F(load_configuration, without_anything_every_value_is_the_default) {
    const auto all = load(std::nullopt, {}).value();
    EXPECT_EQ(all.values.server_host, "127.0.0.1");
    EXPECT_EQ(all.values.server_port, 8998);
    EXPECT_FALSE(all.values.allow_remote_without_authentication);
    EXPECT_EQ(all.values.poll_hold, std::chrono::seconds(9));
    EXPECT_EQ(all.values.output_limit.value, 10u << 20);
    EXPECT_EQ(all.values.escalation, cancel_escalation::none);
    EXPECT_TRUE(all.warnings.empty());
    EXPECT_TRUE(all.notes.empty());
    ASSERT_EQ(all.effective.size(), options().size());
    for (std::size_t i = 0; i < options().size(); ++i) {
        EXPECT_EQ(all.effective[i].key, options()[i].key);
        EXPECT_EQ(all.effective[i].value, all.effective[i].default_value);
        EXPECT_EQ(all.effective[i].origin, "default");
    }
}

TEST_F(load_configuration, every_spelling_of_a_line) {
    const std::vector<std::string> lines{"server.port = 1234",
                                         "server.port=1234",
                                         "server.port: 1234",
                                         "server.port:1234",
                                         "server.port 1234",
                                         "server.port\t1234",
                                         "  server.port \t = \t 1234 ",
                                         "server.port = 1234\r",
                                         "livy.server.port 1234",
                                         "sparkgate.server.port=1234",
                                         "# server.port = 1\n\n \nserver.port = 1234\n  # end"};
    for (const auto& line : lines) {
        const auto read = from_text(line);
        ASSERT_TRUE(read) << line << ": " << read.error().message;
        EXPECT_EQ(read->values.server_port, 1234) << line;
        EXPECT_TRUE(read->warnings.empty()) << line;
        EXPECT_TRUE(read->notes.empty()) << line;
    }
}

TEST_F(load_configuration, a_value_may_hold_separators) {
    const auto read = from_text("spark.master = spark://a:7077,b:7077\nstate.dir = /a b/c=d#e\n").value();
    EXPECT_EQ(read.values.spark_master, "spark://a:7077,b:7077");
    EXPECT_EQ(read.values.state_dir, "/a b/c=d#e");
}

TEST_F(load_configuration, a_key_without_value_is_empty) {
    EXPECT_EQ(from_text("spark.master\n").value().values.spark_master, "");
    EXPECT_EQ(from_text("spark.master =\n").value().values.spark_master, "");
}

// Lines of Livy's template, with the comment sign taken away.
TEST_F(load_configuration, where_no_value_stands_a_key_that_needs_one_keeps_its_default) {
    const auto read = from_text("livy.repl.enable-hive-context =\nserver.port =\nserver.host =\n").value();
    EXPECT_FALSE(read.values.hive_context);
    EXPECT_EQ(read.values.server_port, 8998);
    EXPECT_EQ(read.values.server_host, "") << "a text may be empty";
    ASSERT_EQ(read.notes.size(), 2u);
    EXPECT_THAT(read.notes[0], testing::EndsWith(":2: server.port has no value: 8998 counts"));
    EXPECT_THAT(read.notes[1], testing::EndsWith(":1: repl.enable-hive-context has no value: false counts"));
}

TEST_F(load_configuration, a_line_without_key_is_an_error_with_its_number) {
    const auto read = from_text("# first\n= 5\n");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().what, problem::bad_key);
    EXPECT_EQ(read.error().message, file.string() + ":2: expected \"key = value\", found \"= 5\"");
}

TEST_F(load_configuration, the_last_word_wins) {
    EXPECT_EQ(from_text("server.port = 1\nlivy.server.port = 2\n").value().values.server_port, 2);
    const auto read = from_text("server.port = 1\n", {"server.port=3", "livy.server.port=4"}).value();
    EXPECT_EQ(read.values.server_port, 4);
}

TEST_F(load_configuration, origins) {
    const auto read = from_text("\nlivy.server.port = 7\n", {"server.host=::1"}).value();
    EXPECT_EQ(effective(read, "server.port").origin, file.string() + ":2");
    EXPECT_EQ(effective(read, "server.port").value, "7");
    EXPECT_EQ(effective(read, "server.port").default_value, "8998");
    EXPECT_EQ(effective(read, "server.host").origin, "--set");
    EXPECT_EQ(effective(read, "spark.master").origin, "default");
}

TEST_F(load_configuration, an_unknown_key_of_the_file_is_a_warning_with_the_nearest_known_one) {
    const auto read = from_text("livy.server.prot = 1\nserver.hots: x\n").value();
    ASSERT_EQ(read.warnings.size(), 2u);
    EXPECT_EQ(read.warnings[0],
              file.string() + ":1: unknown key livy.server.prot; did you mean server.port?");
    EXPECT_EQ(read.warnings[1], file.string() + ":2: unknown key server.hots; did you mean server.host?");
    EXPECT_EQ(read.values.server_port, 8998);
}

TEST_F(load_configuration, an_unknown_key_of_set_is_an_error) {
    const auto read = load(std::nullopt, {"statement.poll-hol=1s"});
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().what, problem::bad_key);
    EXPECT_EQ(
        read.error().message,
        "--set statement.poll-hol=1s: unknown key statement.poll-hol; did you mean statement.poll-hold?");
}

TEST_F(load_configuration, set_needs_a_key_and_a_value) {
    for (const auto* text : {"server.port", "=5", "", "server.port 5"}) {
        const auto read = load(std::nullopt, {text});
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().what, problem::bad_key);
        EXPECT_EQ(read.error().message, std::string("--set ") + text + ": expected key=value");
    }
    EXPECT_EQ(load(std::nullopt, {" server.port = 5 "}).value().values.server_port, 5);
    EXPECT_EQ(load(std::nullopt, {"spark.master="}).value().values.spark_master, "");
}

TEST_F(load_configuration, a_wrong_value_names_its_place_and_what_was_expected) {
    const auto read = from_text("\nlivy.server.port = 70000\n");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().what, problem::bad_value);
    EXPECT_EQ(read.error().message,
              file.string() + ":2: server.port = \"70000\": expected a whole number from 0 to 65535");
}

TEST_F(load_configuration, every_typed_key_refuses_nonsense) {
    for (const auto& option : options()) {
        const bool free_text = option.type == "path" || option.type == "address" || option.type == "text" ||
                               option.type == "Spark master" || option.type.starts_with("list of ");
        const auto read = load(std::nullopt, {option.key + "=no such value"});
        EXPECT_EQ(read.has_value(), free_text) << option.key;
        if (!read) {
            EXPECT_EQ(read.error().what, problem::bad_value);
        }
    }
}

TEST_F(load_configuration, choices) {
    EXPECT_EQ(load(std::nullopt, {"server.cancel.escalation=kill"}).value().values.escalation,
              cancel_escalation::kill);
    EXPECT_EQ(load(std::nullopt, {"spark.deploy-mode=client"}).value().values.spark_deploy_mode, "client");
    EXPECT_EQ(load(std::nullopt, {"server.log.level=loud"}).error().message,
              "--set: server.log.level = \"loud\": expected one of debug info warn error");
}

TEST_F(load_configuration, sizes_have_an_upper_bound) {
    EXPECT_TRUE(load(std::nullopt, {"statement.output-limit=48m"}));
    EXPECT_FALSE(load(std::nullopt, {"statement.output-limit=49m"}));
}

TEST_F(load_configuration, the_heartbeat_of_event_streams_has_bounds) {
    EXPECT_EQ(load(std::nullopt, {}).value().values.events_heartbeat, std::chrono::seconds(15));
    for (const auto* good : {"10ms", "24h"})
        EXPECT_TRUE(load(std::nullopt, {std::string("server.events.heartbeat=") + good})) << good;
    for (const auto* bad : {"0", "9ms", "25h", "-1s"})
        EXPECT_EQ(load(std::nullopt, {std::string("server.events.heartbeat=") + bad}).error().message,
                  std::string("--set: server.events.heartbeat = \"") + bad +
                      "\": expected a time from 10ms to 24h");
}

TEST_F(load_configuration, larger_headers_and_uploads_than_possible_are_cut_with_a_note) {
    const auto read =
        from_text("livy.server.request-header.size = 131072\nfile.upload.max.size = 5g\n").value();
    EXPECT_EQ(read.values.request_header_size.value, 49152u);
    EXPECT_EQ(read.values.upload_max_size.value, 1u << 30);
    EXPECT_EQ(effective(read, "server.request-header.size").value, "49152");
    ASSERT_EQ(read.notes.size(), 2u);
    EXPECT_EQ(read.notes[0], file.string() +
                                 ":1: server.request-header.size = 131072 is more than the server can "
                                 "take: cut to 49152");
    EXPECT_TRUE(load(std::nullopt, {"server.request-header.size=49152"}).value().notes.empty());
    EXPECT_FALSE(load(std::nullopt, {"server.request-header.size=much"}));
}

TEST_F(load_configuration, old_names_set_the_key_of_today_with_a_note) {
    const auto read = from_text(
                          "livy.repl.enableHiveContext = true\nserver.csrf_protection.enabled TRUE\n"
                          "livy.rsc.retained_statements = 7\nlivy.spark.deployMode = client\n")
                          .value();
    EXPECT_TRUE(read.values.hive_context);
    EXPECT_TRUE(read.values.csrf_protection);
    EXPECT_EQ(read.values.retained_statements, 7);
    EXPECT_EQ(read.values.spark_deploy_mode, "client");
    ASSERT_EQ(read.notes.size(), 4u);
    EXPECT_EQ(read.notes[0],
              file.string() + ":1: livy.repl.enableHiveContext is an old name of repl.enable-hive-context");
}

TEST_F(load_configuration, livys_ways_to_write_values) {
    const auto read = from_text(
                          "livy.server.session.timeout = 5000\nlivy.server.session.state-retain.sec = 900s\n"
                          "livy.server.session.ttl = 2H\nlivy.server.session.ttl-check = True\n"
                          "livy.file.local-dir-whitelist = /a/, /b\n")
                          .value();
    EXPECT_EQ(read.values.session_timeout, std::chrono::seconds(5));
    EXPECT_EQ(read.values.state_retain, std::chrono::seconds(900));
    EXPECT_EQ(read.values.session_ttl, std::chrono::hours(2));
    EXPECT_TRUE(read.values.ttl_check);
    EXPECT_EQ(read.values.local_dir_whitelist, (std::vector<std::filesystem::path>{"/a/", "/b"}));
}

TEST_F(load_configuration, a_file_that_cannot_be_read_is_an_error) {
    for (const auto& path : {dir.path() / "none", dir.path()}) {
        const auto read = load(path, {});
        ASSERT_FALSE(read) << path;
        EXPECT_EQ(read.error().what, problem::unreadable);
        EXPECT_EQ(read.error().message, "cannot read the configuration file " + path.string());
    }
}

TEST_F(load_configuration, an_empty_file_is_fine) {
    EXPECT_EQ(from_text("").value().values.server_port, 8998);
}

}  // namespace
}  // namespace sparkgate::config
