// How a value of the configuration gets into the settings: one function for each type of member, for the
// table in options.cpp. Each refuses, with what it expected, a text that the member cannot hold.
#pragma once

#include "values.hpp"

#include "sparkgate/base/error.hpp"
#include "sparkgate/config/settings.hpp"

#include <functional>
#include <string>
#include <vector>

namespace sparkgate::config {

using assign_function = std::function<result<void>(settings&, const std::string&)>;

assign_function into(bool settings::*member);
assign_function into(milliseconds settings::*member);
assign_function into(byte_count settings::*member, std::uint64_t high);
assign_function into(std::string settings::*member);
assign_function into(std::filesystem::path settings::*member);
assign_function one_of(std::string settings::*member, std::vector<std::string> words);

template <class Integer>
assign_function into(Integer settings::*member, std::int64_t low, std::int64_t high) {
    return [=](settings& s, const std::string& text) -> result<void> {
        const auto value = parse_integer(text, low, high);
        if (!value) return value.error();
        s.*member = static_cast<Integer>(*value);
        return {};
    };
}

template <class Item>
assign_function into_list(std::vector<Item> settings::*member) {
    return [=](settings& s, const std::string& text) -> result<void> {
        (s.*member).clear();
        for (auto& item : parse_list(text))
            (s.*member).emplace_back(std::move(item));
        return {};
    };
}

}  // namespace sparkgate::config
