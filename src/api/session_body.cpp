#include "session_body.hpp"

#include "body.hpp"

namespace sparkgate::api {
namespace {

const std::vector<std::string> fields{
    "kind",         "proxyUser",   "jars",           "pyFiles",       "files",
    "driverMemory", "driverCores", "executorMemory", "executorCores", "numExecutors",
    "archives",     "queue",       "name",           "conf",          "heartbeatTimeoutInSecond",
    "ttl",          "idleTimeout"};
const std::string java_class = "org.apache.livy.server.interactive.CreateInteractiveRequest";

}  // namespace

result<session::session_request> parse_session_request(const std::string& body) {
    auto parsed = body_reader::parse(body, java_class, fields);
    if (!parsed) return parsed.error();
    body_reader& in = *parsed;
    session::session_request out;
    if (const auto word = in.text("kind")) {
        const auto kind = session::parse_kind(*word);
        if (!kind) return fail(errc::invalid_argument, "Invalid kind: " + *word);
        out.kind = *kind;
    }
    process::spark_request& spark = out.spark;
    spark.proxy_user = in.text("proxyUser");
    spark.jars = in.list("jars");
    spark.py_files = in.list("pyFiles");
    spark.files = in.list("files");
    spark.archives = in.list("archives");
    spark.driver_memory = in.text("driverMemory");
    spark.driver_cores = in.integer("driverCores");
    spark.executor_memory = in.text("executorMemory");
    spark.executor_cores = in.integer("executorCores");
    spark.num_executors = in.integer("numExecutors");
    spark.queue = in.text("queue");
    spark.name = in.text("name");
    spark.conf = in.map("conf");
    out.heartbeat_timeout_s = in.integer("heartbeatTimeoutInSecond").value_or(0);
    out.ttl = in.text("ttl");
    out.idle_timeout = in.text("idleTimeout");
    if (in.error()) return *in.error();
    return out;
}

}  // namespace sparkgate::api
