#include "start.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/base/json.hpp"
#include "sparkgate/base/own_file.hpp"
#include "sparkgate/process/java_properties.hpp"

#include <array>
#include <stdexcept>
#include <sys/random.h>

namespace sparkgate::session {
namespace {

double seconds(config::milliseconds time) {
    return static_cast<double>(time.count()) / 1000.0;
}

template <std::size_t Count>
std::array<unsigned char, Count> random_bytes() {
    std::array<unsigned char, Count> out;
    if (::getrandom(out.data(), Count, 0) != Count) throw std::runtime_error("getrandom failed");
    return out;
}

std::string driver_settings(const services& world, const config::settings& s, std::int64_t id,
                            code_kind default_kind, const std::filesystem::path& directory,
                            const std::string& token) {
    const json options{{"kind", to_string(default_kind)},
                       {"scala_prestart", s.scala_prestart},
                       {"sql_rows", s.sql_rows},
                       {"output_limit", s.output_limit.value},
                       {"cancel_timeout", seconds(s.cancel_timeout)},
                       {"hard_stop", s.hard_stop},
                       {"stop_agent", world.stop_agent.empty() ? json() : json(world.stop_agent.string())},
                       {"sparkr_lib", s.sparkr_lib},
                       {"orphan_timeout", 0}};
    const json out{{"session", id},
                   {"token", token},
                   {"connect", json{{"unix", world.endpoint.socket_path().string()}}},
                   {"dir", (directory / "driver").string()},
                   {"options", options}};
    return dump_json(out);
}

// What a session needs of Spark, whatever the request says.
process::conf_map session_conf(const services& world) {
    process::conf_map out{
        {"spark.sql.catalogImplementation", world.settings.hive_context ? "hive" : "in-memory"},
        {"spark.submit.deployMode", "client"}};  // the driver dials a socket of this host
    if (process::is_yarn(world.submit.rules.master)) {
        out.emplace("spark.yarn.isPython", "true");
        out.emplace("spark.yarn.maxAppAttempts",
                    "1");  // a second driver would know nothing of the first one's work
    }
    return out;
}

environment_changes driver_environment(const services& world, std::int64_t id) {
    return {{"SPARKGATE_SESSION_ID", std::to_string(id)},
            {"SPARKGATE_STATE_DIR", world.settings.state_dir.string()},
            {"PYTHONUNBUFFERED", "1"},
            // A shell's settings for an interactive pyspark would change what spark-submit runs.
            {"PYSPARK_DRIVER_PYTHON_OPTS", std::nullopt}};
}

}  // namespace

std::string make_app_tag(const char* word, std::int64_t id) {
    static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::string out = "livy-" + std::string(word) + "-" + std::to_string(id) + "-";
    for (const unsigned char byte : random_bytes<8>())
        out += letters[byte % letters.size()];
    return out;
}

result<spark_files> read_spark_files(const services& world) {
    const auto read = [&world](const char* name) {
        auto text = read_file(world.submit.conf_dir / name);
        return !text && text.error().code == errc::not_found ? result<std::string>("") : text;
    };
    const auto defaults = read("spark-defaults.conf"), environment = read("spark-env.sh");
    if (!defaults) return defaults.error();
    if (!environment) return environment.error();
    const auto& rules = world.submit.rules;
    return spark_files{
        process::parse_properties(*defaults),
        process::make_doors(rules.master, rules.doors, world.environment, *environment, make_token())};
}

std::string make_token() {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const unsigned char byte : random_bytes<32>()) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

result<driver_start> prepare_driver(const services& world, const config::settings& settings, std::int64_t id,
                                    const session_request& request, const std::filesystem::path& directory,
                                    const std::string& token) {
    auto prepared = process::prepare_conf(request.spark, world.submit.rules);
    if (!prepared) return prepared.error();
    auto spark = read_spark_files(world);
    if (!spark) return spark.error();

    const auto settings_file = directory / "driver.json";
    process::submit_job job;
    job.app_tag = make_app_tag("session", id);
    job.default_name = "livy-session-" + std::to_string(id);
    job.imposed = session_conf(world);
    job.doors = std::move(spark->doors);
    job.primary_resource = (world.repl_dir / "driver.py").string();
    job.arguments = {settings_file.string()};
    job.properties_file = directory / "spark.properties";
    auto submission = process::make_submission(world.submit, request.spark, std::move(prepared->conf),
                                               spark->defaults, job);

    // A place of its own for what the driver and its interpreters make: not beside our files.
    auto written = make_own_directory(directory / "driver");
    if (written)
        written = write_unsynced_file(settings_file,
                                      driver_settings(world, settings, id, request.kind, directory, token));
    if (written) written = write_unsynced_file(job.properties_file, process::to_properties(submission.conf));
    if (!written) return written.error();
    auto environment = driver_environment(world, id);
    environment.merge(job.doors.environment);
    return driver_start{std::move(submission.argv), std::move(environment), std::move(prepared->left_out),
                        std::move(prepared->remarks)};
}

}  // namespace sparkgate::session
