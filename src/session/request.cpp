#include "sparkgate/session/request.hpp"

namespace sparkgate::session {

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
