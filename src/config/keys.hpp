// Looking up keys in the two tables: spellings, Livy's old names, and what a wrong key was probably meant to
// be.
#pragma once

#include "livy_keys.hpp"
#include "options.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sparkgate::config {

// Without "livy." or "sparkgate." in front.
std::string_view plain_key(std::string_view key);

// A name that Livy deprecated in 0.4 and still reads.
struct old_name {
    std::string old, now;
};

const std::vector<old_name>& old_names();

// Today's name of a plain key; empty: `key` is no old name.
std::string_view current_name(std::string_view key);

// nullptr when there is none. `key` is plain.
const option* find_option(std::string_view key);
const livy_key* find_livy_key(std::string_view key);

// The known key, with or without effect, with the smallest edit distance to `key`.
std::string nearest_key(std::string_view key);

}  // namespace sparkgate::config
