#include "assign.hpp"

#include <algorithm>

namespace sparkgate::config {
namespace {

template <class T>
result<void> store_value(T& member, result<T> value) {
    if (!value) return value.error();
    member = *value;
    return {};
}

}  // namespace

assign_function into(bool settings::*member) {
    return [=](settings& s, const std::string& text) { return store_value(s.*member, parse_flag(text)); };
}

assign_function into(milliseconds settings::*member) {
    return [=](settings& s, const std::string& text) { return store_value(s.*member, parse_time(text)); };
}

assign_function into(byte_count settings::*member, std::uint64_t high) {
    return [=](settings& s, const std::string& text) -> result<void> {
        const auto value = parse_bytes(text);
        if (value && value->value > high)
            return fail(errc::invalid_argument, "expected at most " + std::to_string(high) + " bytes");
        return store_value(s.*member, value);
    };
}

assign_function into(std::string settings::*member) {
    return [=](settings& s, const std::string& text) -> result<void> {
        s.*member = text;
        return {};
    };
}

assign_function into(std::filesystem::path settings::*member) {
    return [=](settings& s, const std::string& text) -> result<void> {
        s.*member = text;
        return {};
    };
}

assign_function one_of(std::string settings::*member, std::vector<std::string> words) {
    return [=](settings& s, const std::string& text) -> result<void> {
        if (std::find(words.begin(), words.end(), text) == words.end()) {
            std::string expected = "expected one of";
            for (const auto& word : words)
                expected += " " + (word.empty() ? "(empty)" : word);
            return fail(errc::invalid_argument, expected);
        }
        s.*member = text;
        return {};
    };
}

}  // namespace sparkgate::config
