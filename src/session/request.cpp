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

// Reads the fields of a stored request; the first that is of another type is kept in error().
class stored_request {
public:
    explicit stored_request(const json& from) : from_(from) {}

    template <class T>
    void read(const char* field, T& into) {
        const auto found = from_.find(field);
        if (found == from_.end() || found->is_null()) return;
        try {
            into = found->get<T>();
        } catch (const json::exception&) {
            refuse(std::string(field) + " is of another type");
        }
    }

    template <class T>
    void read(const char* field, std::optional<T>& into) {
        if (const auto found = from_.find(field); found == from_.end() || found->is_null()) return;
        read(field, into.emplace());
    }

    void refuse(std::string why) {
        if (!error_) error_ = fail(errc::invalid_argument, std::move(why));
    }
    const std::optional<sparkgate::error>& error() const { return error_; }

private:
    const json& from_;
    std::optional<sparkgate::error> error_;
};

process::spark_request read_spark_request(stored_request& in) {
    process::spark_request out;
    in.read("proxyUser", out.proxy_user);
    in.read("jars", out.jars);
    in.read("pyFiles", out.py_files);
    in.read("files", out.files);
    in.read("archives", out.archives);
    in.read("driverMemory", out.driver_memory);
    in.read("driverCores", out.driver_cores);
    in.read("executorMemory", out.executor_memory);
    in.read("executorCores", out.executor_cores);
    in.read("numExecutors", out.num_executors);
    in.read("queue", out.queue);
    in.read("name", out.name);
    in.read("className", out.class_name);
    in.read("conf", out.conf);
    return out;
}

std::size_t bytes_of(const std::string& text) {
    return sizeof text + text.size();
}
std::size_t bytes_of(const std::optional<std::string>& text) {
    return text ? text->size() : 0;
}
std::size_t bytes_of(const std::vector<std::string>& list) {
    std::size_t bytes = 0;
    for (const auto& each : list)
        bytes += bytes_of(each);
    return bytes;
}

std::size_t bytes_of(const process::spark_request& spark) {
    constexpr std::size_t map_node = 48;
    std::size_t bytes = sizeof spark;
    for (const auto* list : {&spark.jars, &spark.py_files, &spark.files, &spark.archives})
        bytes += bytes_of(*list);
    for (const auto* text : {&spark.proxy_user, &spark.queue, &spark.name, &spark.class_name,
                             &spark.driver_memory, &spark.executor_memory})
        bytes += bytes_of(*text);
    for (const auto& [key, value] : spark.conf)
        bytes += map_node + bytes_of(key) + bytes_of(value);
    return bytes;
}

}  // namespace

std::size_t bytes_of(const session_request& request) {
    return bytes_of(request.spark) + bytes_of(request.ttl) + bytes_of(request.idle_timeout);
}

std::size_t bytes_of(const batch_request& request) {
    return bytes_of(request.spark) + bytes_of(request.file) + bytes_of(request.args);
}

result<session_request> session_request_of(const json& stored) {
    stored_request in(stored);
    session_request out;
    std::string kind(to_string(out.kind));
    in.read("kind", kind);
    if (const auto known = parse_kind(kind))
        out.kind = *known;
    else
        in.refuse("the kind is unknown");
    out.spark = read_spark_request(in);
    in.read("heartbeatTimeoutInSecond", out.heartbeat_timeout_s);
    in.read("ttl", out.ttl);
    in.read("idleTimeout", out.idle_timeout);
    if (in.error()) return *in.error();
    return out;
}

result<batch_request> batch_request_of(const json& stored) {
    stored_request in(stored);
    batch_request out;
    in.read("file", out.file);
    in.read("args", out.args);
    out.spark = read_spark_request(in);
    if (out.file.empty()) in.refuse("it names no file");
    if (in.error()) return *in.error();
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
