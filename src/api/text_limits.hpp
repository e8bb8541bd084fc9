// How long the texts of requests may be: one table, from which docs/limits.md is made. Pure.
#pragma once

#include "sparkgate/http/message.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sparkgate::api {

// Bytes that a text may have, by where it stands: a field of a body (each item of a list; "conf" stands for
// the values of the map, "conf key" for its keys), a query parameter, a header in lower case. Nothing: only
// the whole body, target or header is bounded.
std::optional<std::size_t> longest_field(std::string_view name);
std::optional<std::size_t> longest_parameter(std::string_view name);
std::optional<std::size_t> longest_header(std::string_view name);

// What is wrong with the parameters and headers of a request that are too long; nothing: none is.
std::optional<std::string> text_problem(const http::request& from);

// The table, for docs/limits.md.
std::string text_limits_markdown();

}  // namespace sparkgate::api
