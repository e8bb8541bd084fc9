#include "sparkgate/base/time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace sparkgate {

std::optional<std::chrono::milliseconds> parse_time(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, std::int64_t>, 7> units{{{"", 1},
                                                                                     {"ms", 1},
                                                                                     {"s", 1000},
                                                                                     {"m", 60'000},
                                                                                     {"min", 60'000},
                                                                                     {"h", 3'600'000},
                                                                                     {"d", 86'400'000}}};
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

}  // namespace sparkgate
