#include "parameters.hpp"

#include "sparkgate/base/time.hpp"

#include <boost/algorithm/string/case_conv.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace sparkgate::api {

result<std::int64_t> parse_int(const std::string& text) {
    std::int32_t value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc() || end != text.data() + text.size())
        return fail(errc::invalid_argument, "For input string: \"" + text + "\"");
    return value;
}

result<std::optional<std::int64_t>> int_parameter(const http::request& from, std::string_view name) {
    const std::string* text = from.parameter(name);
    if (!text) return std::optional<std::int64_t>();
    const auto value = parse_int(*text);
    if (!value) return value.error();
    return std::optional<std::int64_t>(*value);
}

result<bool> flag_parameter(const http::request& from, std::string_view name) {
    const std::string* text = from.parameter(name);
    if (!text || *text == "false") return false;
    if (*text == "true") return true;
    return fail(errc::invalid_argument,
                std::string(name) + ": expected true or false, found \"" + *text + "\"");
}

std::optional<std::string> time_problem(const std::string& text) {
    if (parse_time(text)) return {};
    const auto lower = boost::to_lower_copy(text);
    const std::size_t begin = lower.starts_with('-') ? 1 : 0;
    const auto end = std::min(lower.find_first_not_of("0123456789", begin), lower.size());
    const auto unit = lower.substr(end);
    if (end == begin || unit.find_first_not_of("abcdefghijklmnopqrstuvwxyz") != std::string::npos)
        return "Invalid time string: " + text;
    return parse_time("1" + unit) ? "Invalid value: " + text : "Invalid suffix: \"" + unit + "\"";
}

slice clip(std::int64_t from, std::int64_t size, std::size_t count) {
    const auto limit = static_cast<std::int64_t>(count);
    const auto begin = std::clamp<std::int64_t>(from, 0, limit);
    const auto end = std::clamp<std::int64_t>(from + size, begin, limit);
    return {static_cast<std::size_t>(begin), static_cast<std::size_t>(end)};
}

result<std::chrono::milliseconds> hold_time(const http::request& from, const config::settings& settings,
                                            std::chrono::steady_clock::time_point told) {
    // Clients of Livy pause for up to 5 s between two questions.
    constexpr auto longest_pause = std::chrono::seconds(6);
    if (from.verb == http::method::head) return std::chrono::milliseconds(0);
    const std::string* text = from.parameter("wait");
    if (!text) {
        const bool polls = std::chrono::steady_clock::now() - told < longest_pause;
        return polls ? settings.poll_hold : std::chrono::milliseconds(0);
    }
    char* end = nullptr;
    const double seconds = std::strtod(text->c_str(), &end);
    if (text->empty() || *end != '\0' || !std::isfinite(seconds) || seconds < 0)
        return fail(errc::invalid_argument, "wait: expected a number of seconds, found \"" + *text + "\"");
    const double longest = static_cast<double>(settings.max_wait.count());
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(seconds * 1000, longest)));
}

}  // namespace sparkgate::api
