// The table of keys that have a meaning here. (Livy's other keys: livy_keys.hpp.)
#pragma once

#include "assign.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sparkgate::config {

struct option {
    std::string key;
    std::string type;  // for people: "time", "bytes", "true or false", "whole number", …
    std::string default_value;
    std::string meaning;
    assign_function assign;

    // How Livy's key of this name differs; empty: it does not; nothing: Livy has none.
    std::optional<std::string> livy = {};
    // Larger sizes are cut to this, with a note, where a file that is right for Livy may well have them.
    std::optional<byte_count> largest = {};
};

const std::vector<option>& options();

}  // namespace sparkgate::config
