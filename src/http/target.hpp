// Takes a request-target apart. Pure.
#pragma once

#include "sparkgate/base/error.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sparkgate::http {

struct target {
    std::string
        authority;  // of the absolute form ("http://host:1/x"), lower case, no default port; else empty
    std::vector<std::string> path;  // decoded once; leading slashes collapsed
    bool trailing_slash = false;
    std::vector<std::pair<std::string, std::string>> query;  // decoded, "+" is a space
};

// Accepts the origin form and the absolute form. Errors: invalid_argument, one line for the client.
result<target> parse_target(std::string_view raw);

// A Host value or authority as one spells it to compare: lower case, without the port 80 or an empty one.
std::string normal_authority(std::string_view authority);

}  // namespace sparkgate::http
