// What spark-submit is started with: for a session's driver, and what batches share of it.
#pragma once

#include "sparkgate/session/session.hpp"

namespace sparkgate::session {

// By which the cluster manager's application is found, in Livy's shape: livy-session-3-x7k2m9qa.
std::string make_app_tag(const char* word, std::int64_t id);

// What Spark's own configuration files say, read at each start.
struct spark_files {
    process::conf_map defaults;  // spark-defaults.conf
    process::door_settings doors;
};
// Errors: unavailable (a file that is there cannot be read).
result<spark_files> read_spark_files(const services& world);

// 256 random bits in hex: proves the driver to the gateway.
std::string make_token();

using environment_changes = std::map<std::string, std::optional<std::string>>;

struct driver_start {
    std::vector<std::string> argv;
    environment_changes environment;
    std::vector<std::string> left_out;  // keys of the request's conf that mean nothing to Spark
    std::vector<std::string> remarks;   // on keys that mean nothing here
};

// Writes the driver's settings (driver.json, see docs/driver-protocol.md) and Spark's conf (spark.properties)
// into the session's directory. Errors: unavailable (files), invalid_argument (as at the request's check, if
// the files that it names have changed since). `settings` are the session's own.
result<driver_start> prepare_driver(const services& world, const config::settings& settings, std::int64_t id,
                                    const session_request& request, const std::filesystem::path& directory,
                                    const std::string& token);

}  // namespace sparkgate::session
