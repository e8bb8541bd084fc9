#include "sparkgate/session/request.hpp"

namespace sparkgate::session {
namespace {

template <class T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json();
}

json spark_as_json(const process::spark_request& spark) {
    return json{{"proxyUser", or_null(spark.proxy_user)},
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
                {"conf", spark.conf}};
}

}  // namespace

json as_json(const session_request& request) {
    json out{{"kind", to_string(request.kind)}};
    out.update(spark_as_json(request.spark));
    out["heartbeatTimeoutInSecond"] = request.heartbeat_timeout_s;
    out["ttl"] = or_null(request.ttl);
    out["idleTimeout"] = or_null(request.idle_timeout);
    return out;
}

json as_json(const batch_request& request) {
    json out{
        {"file", request.file}, {"args", request.args}, {"className", or_null(request.spark.class_name)}};
    out.update(spark_as_json(request.spark));
    return out;
}

std::optional<code_kind> parse_kind(std::string_view word) {
    if (word == "shared") return code_kind::shared;
    if (word == "pyspark" || word == "python") return code_kind::pyspark;
    if (word == "spark" || word == "scala") return code_kind::spark;
    if (word == "sql") return code_kind::sql;
    if (word == "sparkr" || word == "r") return code_kind::sparkr;
    return {};
}

std::string_view to_string(code_kind value) {
    switch (value) {
        case code_kind::shared:
            return "shared";
        case code_kind::pyspark:
            return "pyspark";
        case code_kind::spark:
            return "spark";
        case code_kind::sql:
            return "sql";
        case code_kind::sparkr:
            return "sparkr";
    }
    return "";
}

}  // namespace sparkgate::session
