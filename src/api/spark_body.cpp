#include "spark_body.hpp"

namespace sparkgate::api {

process::spark_request read_spark_request(body_reader& in) {
    in.refuse_zero_bytes();
    process::spark_request out;
    out.proxy_user = in.text("proxyUser");
    out.jars = in.list("jars");
    out.py_files = in.list("pyFiles");
    out.files = in.list("files");
    out.archives = in.list("archives");
    out.driver_memory = in.text("driverMemory");
    out.driver_cores = in.integer("driverCores");
    out.executor_memory = in.text("executorMemory");
    out.executor_cores = in.integer("executorCores");
    out.num_executors = in.integer("numExecutors");
    out.queue = in.text("queue");
    out.name = in.text("name");
    out.conf = in.map("conf");
    return out;
}

}  // namespace sparkgate::api
