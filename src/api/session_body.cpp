#include "session_body.hpp"

#include "spark_body.hpp"

namespace sparkgate::api {
namespace {

// In the order in which Livy's error names them.
const std::vector<std::string> fields{"executorCores", "conf",
                                      "driverMemory",  "name",
                                      "driverCores",   "idleTimeout",
                                      "pyFiles",       "archives",
                                      "kind",          "files",
                                      "jars",          "proxyUser",
                                      "numExecutors",  "heartbeatTimeoutInSecond",
                                      "ttl",           "queue",
                                      "executorMemory"};
const std::string java_class = "org.apache.livy.server.interactive.CreateInteractiveRequest";

session::code_kind read_kind(body_reader& in) {
    const auto text = in.word("kind", "requirement failed: Kind should be a string.");
    const auto kind = text ? session::parse_kind(*text) : session::code_kind::shared;
    if (kind) return *kind;
    in.refuse("kind", "Invalid kind: " + *text);
    return session::code_kind::shared;
}

}  // namespace

result<session::session_request> parse_session_request(const std::string& body) {
    auto parsed = body_reader::parse(body, java_class, fields);
    if (!parsed) return parsed.error();
    body_reader& in = *parsed;
    session::session_request out;
    out.kind = read_kind(in);
    out.spark = read_spark_request(in);
    out.heartbeat_timeout_s = in.integer("heartbeatTimeoutInSecond").value_or(0);
    out.ttl = in.text("ttl");
    out.idle_timeout = in.text("idleTimeout");
    if (in.error()) return *in.error();
    return out;
}

}  // namespace sparkgate::api
