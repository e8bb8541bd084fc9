// What spark-submit is started with: for a session's driver, and what batches share of it.
#pragma once

#include "sparkgate/session/session.hpp"

namespace sparkgate::session {

// By which the cluster manager's application is found, in Livy's shape: livy-session-3-x7k2m9qa.
std::string make_app_tag(const char* word, std::int64_t id);

// spark-defaults.conf of that directory; empty if there is none. Errors: unavailable.
result<process::conf_map> read_spark_defaults(const std::filesystem::path& conf_dir);

// 256 random bits in hex: proves the driver to the gateway.
std::string make_token();

struct driver_start {
    std::vector<std::string> argv;
    std::vector<std::string> left_out;  // keys of the request's conf that mean nothing to Spark
};

// Writes the driver's settings (driver.json, see docs/driver-protocol.md) and Spark's conf (spark.properties)
// into the session's directory. Errors: unavailable (files), invalid_argument (as at the request's check, if
// the files that it names have changed since). `settings` are the session's own.
result<driver_start> prepare_driver(const services& world, const config::settings& settings, std::int64_t id,
                                    const session_request& request, const std::filesystem::path& directory,
                                    const std::string& token);

std::map<std::string, std::optional<std::string>> driver_environment(const services& world, std::int64_t id);

}  // namespace sparkgate::session
