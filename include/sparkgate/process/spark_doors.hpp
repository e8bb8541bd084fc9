// Where Spark listens, and who may come in. With a local master all of it is on loopback, unless the operator
// says otherwise; a request cannot open what the operator has closed. Pure.
#pragma once

#include "sparkgate/process/spark_request.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sparkgate::process {

struct door_rules {
    // With a local master: the address that Spark listens on. Empty: as the server's environment has it.
    std::string local_ip;
    bool authenticate = false;  // spark.authenticate, with a secret of the session where Spark makes none
    bool ui_acls = false;       // spark.acls.enable
};

bool is_local_master(const std::string& master);

// Takes out of a request's conf what is the operator's to say, and returns a remark for each key.
std::vector<std::string> close_doors(const std::string& master, const door_rules& rules, conf_map& requested);

// What a start gets from its surroundings.
struct door_settings {
    std::map<std::string, std::optional<std::string>> environment;  // nothing: removed
    conf_map defaults;  // where neither request nor spark-defaults.conf has any
    conf_map imposed;   // whatever they have
};

// `spark_env` is the text of spark-env.sh, which comes after `environment`: one that names the address has
// the last word. `secret` is the session's own.
door_settings make_doors(const std::string& master, const door_rules& rules,
                         const std::map<std::string, std::string>& environment, const std::string& spark_env,
                         const std::string& secret);

}  // namespace sparkgate::process
