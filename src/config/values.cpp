#include "values.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace sparkgate::config {
namespace {

// Splits "10min" into 10 and "min".
bool split_number(const std::string& text, std::int64_t& number, std::string& suffix) {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc() || number < 0) return false;
    suffix.assign(end, text.data() + text.size());
    return true;
}

}  // namespace

result<bool> parse_flag(const std::string& text) {
    if (text == "true") return true;
    if (text == "false") return false;
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
    static constexpr std::array<std::pair<std::string_view, std::int64_t>, 7> units{
        {{"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
    std::int64_t number = 0;
    std::string suffix;
    if (split_number(text, number, suffix)) {
        if (suffix == "us") return milliseconds(number / 1000);
        for (const auto& [name, factor] : units)
            if (suffix == name && number <= INT64_MAX / factor / 1000) return milliseconds(number * factor);
    }
    return fail(errc::invalid_argument, "expected a time such as 500ms, 30s, 10m, 1h or 1d");
}

result<byte_count> parse_bytes(const std::string& text) {
    static constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> units{
        {{"", 1}, {"b", 1}, {"k", 1024}, {"m", 1 << 20}, {"g", 1 << 30}}};
    std::int64_t number = 0;
    std::string suffix;
    if (split_number(text, number, suffix))
        for (const auto& [name, factor] : units)
            if (suffix == name && number <= INT64_MAX / factor)
                return byte_count{static_cast<std::uint64_t>(number * factor)};
    return fail(errc::invalid_argument, "expected a size such as 65536, 64k, 10m or 1g");
}

}  // namespace sparkgate::config
