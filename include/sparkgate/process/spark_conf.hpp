// The conf of a request, checked and resolved before anything of the session or batch exists.
// Source of rules and texts: Livy's Session.prepareConf.
#pragma once

#include "sparkgate/process/file_rules.hpp"
#include "sparkgate/process/spark_doors.hpp"
#include "sparkgate/process/spark_request.hpp"

#include <set>
#include <string>
#include <vector>

namespace sparkgate::process {

struct conf_rules {
    std::string master;
    std::set<std::string> forbidden;  // conf keys that requests may not set, under any name and in any field
    file_rules files;
    door_rules doors;
};

struct prepared_conf {
    conf_map conf;                      // spark.* only, with the request's file lists and other fields in it
    std::vector<std::string> left_out;  // keys of the request's conf that are not Spark's
    std::vector<std::string> remarks;   // on those that have no effect here, for the log
};

bool is_yarn(const std::string& master);
bool is_kubernetes(const std::string& master);

// Refuses forbidden keys; resolves each file of the lists, the request's list before the same conf key's;
// puts memory, cores and executors over the same conf key; then refuses what the resulting conf may not name
// (conf_keys.hpp). What the operator's files say is no request, and is not checked. Pure but for the links
// that resolve_file looks at.
// Errors: invalid_argument in Livy's words, where Livy has any.
result<prepared_conf> prepare_conf(const spark_request& request, const conf_rules& rules);

}  // namespace sparkgate::process
