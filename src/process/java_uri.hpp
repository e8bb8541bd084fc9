// The parts of a URI as java.net.URI takes it apart, and its complaints word for word: Livy shows them to
// clients, and Spark reads the same text with the same class later. Pure.
#pragma once

#include "sparkgate/base/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sparkgate::process {

// Views into the parsed text, escapes as written. A URI like "file:a.jar" has its middle part as `path`.
struct java_uri {
    std::string_view scheme;  // empty: none
    std::string_view authority;
    std::string_view path;
    std::string_view after_authority;  // path, query and fragment
    std::optional<std::string_view> fragment;
};

// Errors: invalid_argument, "java.net.URISyntaxException: Illegal character in path at index 2: /a b".
result<java_uri> parse_java_uri(std::string_view text);

// %41 becomes A. For what parse_java_uri has accepted.
std::string decode_escapes(std::string_view text);

}  // namespace sparkgate::process
