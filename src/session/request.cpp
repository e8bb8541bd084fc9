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

template <class T>
void read(const json& stored, const char* field, T& into) {
    const auto found = stored.find(field);
    if (found == stored.end() || found->is_null()) return;
    try {
        into = found->get<T>();
    } catch (const json::exception&) {  // of another type
    }
}

template <class T>
void read(const json& stored, const char* field, std::optional<T>& into) {
    T value{};
    const auto found = stored.find(field);
    if (found == stored.end() || found->is_null()) return;
    read(stored, field, value);
    into = std::move(value);
}

process::spark_request spark_request_of(const json& stored) {
    process::spark_request out;
    read(stored, "proxyUser", out.proxy_user);
    read(stored, "jars", out.jars);
    read(stored, "pyFiles", out.py_files);
    read(stored, "files", out.files);
    read(stored, "archives", out.archives);
    read(stored, "driverMemory", out.driver_memory);
    read(stored, "driverCores", out.driver_cores);
    read(stored, "executorMemory", out.executor_memory);
    read(stored, "executorCores", out.executor_cores);
    read(stored, "numExecutors", out.num_executors);
    read(stored, "queue", out.queue);
    read(stored, "name", out.name);
    read(stored, "className", out.class_name);
    read(stored, "conf", out.conf);
    return out;
}

}  // namespace

session_request session_request_of(const json& stored) {
    session_request out;
    std::string kind;
    read(stored, "kind", kind);
    out.kind = parse_kind(kind).value_or(code_kind::shared);
    out.spark = spark_request_of(stored);
    read(stored, "heartbeatTimeoutInSecond", out.heartbeat_timeout_s);
    read(stored, "ttl", out.ttl);
    read(stored, "idleTimeout", out.idle_timeout);
    return out;
}

batch_request batch_request_of(const json& stored) {
    batch_request out;
    read(stored, "file", out.file);
    read(stored, "args", out.args);
    out.spark = spark_request_of(stored);
    return out;
}

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
