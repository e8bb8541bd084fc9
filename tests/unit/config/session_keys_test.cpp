// What a session's conf may set for itself.
#include "sparkgate/config/session_keys.hpp"

#include "sparkgate/config/load.hpp"

#include <gtest/gtest.h>

namespace sparkgate::config {
namespace {

TEST(session_keys, count_for_the_session) {
    const auto server = load({}, {}).value().values;
    const auto own = settings_of_session(server, {{"livy.rsc.sql.num-rows", "7"},
                                                  {"livy.rsc.retained_statements", "3"},  // its old name
                                                  {"livy.rsc.job-cancel.timeout", "5s"},
                                                  {"livy.rsc.server.connect.timeout", "2m"},
                                                  {"spark.x", "1"}})
                         .value();
    EXPECT_EQ(own.sql_rows, 7);
    EXPECT_EQ(own.retained_statements, 3);
    EXPECT_EQ(own.cancel_timeout, std::chrono::seconds(5));
    EXPECT_EQ(own.connect_timeout, std::chrono::minutes(2));
    EXPECT_EQ(server.sql_rows, 1000);
}

TEST(session_keys, all_others_mean_nothing) {
    for (const auto* key : {"livy.server.port", "livy.repl.dir", "livy.rsc.jars", "rsc.sql.num-rows",
                            "spark.x", "livy.rsc.client.do-not-use.run-driver-in-process", "livy.", ""})
        EXPECT_FALSE(is_session_key(key)) << key;
    const auto server = load({}, {}).value().values;
    EXPECT_EQ(settings_of_session(server, {{"livy.server.port", "1"}}).value().server_port,
              server.server_port);
}

TEST(session_keys, a_wrong_value_names_the_key) {
    const auto wrong = settings_of_session(load({}, {}).value().values, {{"livy.rsc.sql.num-rows", "many"}});
    EXPECT_EQ(wrong.error().code, errc::invalid_argument);
    EXPECT_EQ(wrong.error().message,
              "livy.rsc.sql.num-rows = \"many\": expected a whole number from 0 to 1000000");
}

}  // namespace
}  // namespace sparkgate::config
