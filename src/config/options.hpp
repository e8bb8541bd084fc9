// The table of configuration keys.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/config/settings.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sparkgate::config {

struct option {
    std::string key;
    std::string type;  // for people: "time", "bytes", "true or false", "whole number", …
    std::string default_value;
    std::string meaning;
    std::function<result<void>(settings&, const std::string&)> assign;
};

const std::vector<option>& options();

// nullptr when there is none. Accepts the spelling with "livy." or "sparkgate." in front.
const option* find_option(std::string_view key);

// The known key with the smallest edit distance.
std::string nearest_key(std::string_view key);

}  // namespace sparkgate::config
