// Parsers of configuration values. Each error says what was expected. Flags and units may be in upper case,
// as in Livy's ClientConf.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/config/settings.hpp"

#include <string>
#include <vector>

namespace sparkgate::config {

std::string lower_case(std::string text);  // of ASCII letters

// "true" or "false"; in Livy any other text is false, which would hide that `yes` does not protect.
result<bool> parse_flag(const std::string& text);
result<std::int64_t> parse_integer(const std::string& text, std::int64_t low, std::int64_t high);
// Livy's units: us, ms, s, m, min, h, d; a bare number is milliseconds.
result<milliseconds> parse_time(const std::string& text);
// b, k, m, g (powers of 1024); a bare number is bytes.
result<byte_count> parse_bytes(const std::string& text);
// Items between commas and blanks.
std::vector<std::string> parse_list(const std::string& text);

}  // namespace sparkgate::config
