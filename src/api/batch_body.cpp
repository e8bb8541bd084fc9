#include "batch_body.hpp"

#include "spark_body.hpp"

namespace sparkgate::api {
namespace {

// In the order in which Livy's error names them.
const std::vector<std::string> fields{"executorCores",  "className",   "conf",    "driverMemory",
                                      "name",           "driverCores", "pyFiles", "archives",
                                      "executorMemory", "files",       "jars",    "proxyUser",
                                      "numExecutors",   "file",        "args",    "queue"};
const std::string java_class = "org.apache.livy.server.batch.CreateBatchRequest";

}  // namespace

result<session::batch_request> parse_batch_request(const std::string& body) {
    auto parsed = body_reader::parse(body, java_class, fields);
    if (!parsed) return parsed.error();
    body_reader& in = *parsed;
    session::batch_request out;
    out.spark = read_spark_request(in);
    out.spark.class_name = in.text("className");
    out.file = in.text("file").value_or("");
    out.args = in.list("args");
    if (in.error()) return *in.error();
    return out;
}

}  // namespace sparkgate::api
