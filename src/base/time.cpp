#include "sparkgate/base/time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace sparkgate {

namespace {

// The longest first; of several names for a unit, the first is the one that is written.
constexpr std::array<std::pair<std::string_view, std::int64_t>, 7> units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"min", 60'000}, {"s", 1000}, {"ms", 1}, {"", 1}}};

}  // namespace

std::optional<std::chrono::milliseconds> parse_time(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc() || number < 0) return {};
    std::string suffix(text.substr(static_cast<std::size_t>(end - text.data())));
    std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (suffix == "us") return std::chrono::milliseconds(number / 1000);
    constexpr std::int64_t longest = INT64_MAX / 1'000'000;  // also as nanoseconds of a clock
    for (const auto& [name, factor] : units)
        if (suffix == name && number <= longest / factor) return std::chrono::milliseconds(number * factor);
    return {};
}

std::string time_text(std::chrono::milliseconds time) {
    const auto fits = [count = time.count()](const auto& unit) { return count % unit.second == 0; };
    const auto& [name, factor] = *std::find_if(units.begin(), units.end(), fits);
    return std::to_string(time.count() / factor).append(time.count() == 0 ? "s" : name);
}

}  // namespace sparkgate
