#include "start.hpp"

#include <stdexcept>
#include <sys/random.h>

namespace sparkgate::session {
namespace {

double seconds(config::milliseconds time) {
    return static_cast<double>(time.count()) / 1000.0;
}

template <class T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json();
}

}  // namespace

std::string make_token() {
    unsigned char bytes[32];
    if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes) throw std::runtime_error("getrandom failed");
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const unsigned char byte : bytes) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::string driver_settings(const services& world, std::int64_t id, code_kind default_kind,
                            const std::filesystem::path& directory, const std::string& token) {
    const config::settings& s = world.settings;
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
                   {"dir", directory.string()},
                   {"options", options}};
    return dump_json(out);
}

std::vector<std::string> driver_command(const services& world, std::int64_t id,
                                        const session_request& request,
                                        const std::filesystem::path& settings_file) {
    process::spark_request spark = request.spark;
    // Livy's name for a session that has none: request, else conf, else this.
    if (!spark.name && !spark.conf.contains("spark.app.name"))
        spark.name = "livy-session-" + std::to_string(id);
    spark.proxy_user.reset();  // impersonation is not enabled
    return process::spark_submit_command(world.submit, spark, (world.repl_dir / "driver.py").string(),
                                         {settings_file.string()});
}

std::map<std::string, std::optional<std::string>> driver_environment(const services& world, std::int64_t id) {
    return {{"SPARKGATE_SESSION_ID", std::to_string(id)},
            {"SPARKGATE_STATE_DIR", world.settings.state_dir.string()},
            {"PYTHONUNBUFFERED", "1"},
            // A shell's settings for an interactive pyspark would change what spark-submit runs.
            {"PYSPARK_DRIVER_PYTHON_OPTS", std::nullopt}};
}

json request_as_json(const session_request& request) {
    const process::spark_request& spark = request.spark;
    return json{{"kind", to_string(request.kind)},
                {"proxyUser", or_null(spark.proxy_user)},
                {"jars", spark.jars},
                {"pyFiles", spark.py_files},
                {"files", spark.files},
                {"archives", spark.archives},
                {"driverMemory", or_null(spark.driver_memory)},
                {"driverCores", or_null(spark.driver_cores)},
                {"executorMemory", or_null(spark.executor_memory)},
                {"executorCores", or_null(spark.executor_cores)},
                {"numExecutors", or_null(spark.num_executors)},
                {"queue", or_null(spark.queue)},
                {"name", or_null(spark.name)},
                {"conf", spark.conf},
                {"heartbeatTimeoutInSecond", request.heartbeat_timeout_s},
                {"ttl", or_null(request.ttl)},
                {"idleTimeout", or_null(request.idle_timeout)}};
}

}  // namespace sparkgate::session
