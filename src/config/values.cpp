#include "values.hpp"

#include "sparkgate/base/time.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace sparkgate::config {

std::string lower_case(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

result<bool> parse_flag(const std::string& text) {
    if (lower_case(text) == "true") return true;
    if (lower_case(text) == "false") return false;
    return fail(errc::invalid_argument, "expected true or false");
}

result<std::int64_t> parse_integer(const std::string& text, std::int64_t low, std::int64_t high) {
    std::int64_t value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc() || end != text.data() + text.size() || value < low || value > high)
        return fail(errc::invalid_argument,
                    "expected a whole number from " + std::to_string(low) + " to " + std::to_string(high));
    return value;
}

result<milliseconds> parse_time(const std::string& text) {
    if (const auto time = sparkgate::parse_time(lower_case(text))) return *time;
    return fail(errc::invalid_argument, "expected a time such as 500ms, 30s, 10m, 1h or 1d");
}

result<byte_count> parse_bytes(const std::string& text) {
    static constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> units{
        {{"", 1}, {"b", 1}, {"k", 1024}, {"m", 1 << 20}, {"g", 1 << 30}}};
    std::int64_t number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (ec == std::errc() && number >= 0)
        for (const auto& [name, factor] : units)
            if (lower_case(std::string(suffix)) == name && number <= INT64_MAX / factor)
                return byte_count{static_cast<std::uint64_t>(number * factor)};
    return fail(errc::invalid_argument, "expected a size such as 65536, 64k, 10m or 1g");
}

std::vector<std::string> parse_list(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        const auto begin = text.find_first_not_of(", ", at);
        if (begin == std::string::npos) break;
        at = std::min(text.find_first_of(", ", begin), text.size());
        out.push_back(text.substr(begin, at - begin));
    }
    return out;
}

}  // namespace sparkgate::config
