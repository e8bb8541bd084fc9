#include "body.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sparkgate::api {
namespace {

// Strings as they are, numbers and booleans as JSON spells them; nothing for other types.
std::optional<std::string> as_text(const json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number() || value.is_boolean()) return dump_json(value);
    return {};
}

std::string unknown_field(const std::string& field, const std::string& java_class,
                          const std::vector<std::string>& known) {
    std::string names;
    for (const auto& name : known)
        names += (names.empty() ? "\"" : ", \"") + name + "\"";
    return "Unrecognized field \"" + field + "\" (class " + java_class + "), not marked as ignorable (" +
           std::to_string(known.size()) + " known properties: " + names +
           "])\n (through reference chain: " + java_class + "[\"" + field + "\"])";
}

}  // namespace

result<body_reader> body_reader::parse(const std::string& body, const std::string& java_class,
                                       const std::vector<std::string>& known) {
    if (body.find_first_not_of(" \t\r\n") == std::string::npos)
        return fail(errc::invalid_argument, "No content to map due to end-of-input");
    auto parsed = parse_json(body);
    if (!parsed) return parsed.error();
    if (!parsed->is_object()) return fail(errc::invalid_argument, "The request body must be a JSON object.");
    for (const auto& [field, value] : parsed->items())
        if (std::find(known.begin(), known.end(), field) == known.end())
            return fail(errc::invalid_argument, unknown_field(field, java_class, known));
    return body_reader(std::move(*parsed));
}

const json* body_reader::find(const char* field) const {
    const auto at = object_.find(field);
    return at == object_.end() || at->is_null() ? nullptr : &*at;
}

void body_reader::wrong_type(const char* field, const char* expected) {
    if (!error_)
        error_ = fail(errc::invalid_argument,
                      "Cannot read field \"" + std::string(field) + "\": expected " + expected);
}

std::optional<std::string> body_reader::text(const char* field) {
    const json* value = find(field);
    if (!value) return {};
    auto out = as_text(*value);
    if (!out) wrong_type(field, "a string");
    return out;
}

std::optional<int> body_reader::integer(const char* field) {
    const json* value = find(field);
    if (!value) return {};
    if (value->is_number()) {
        const double number = std::trunc(value->get<double>());
        if (std::abs(number) <= 2147483647.0) return static_cast<int>(number);
    } else if (value->is_string()) {
        const auto& text = value->get_ref<const std::string&>();
        int out = 0;
        const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
        if (ec == std::errc() && end == text.data() + text.size()) return out;
    }
    wrong_type(field, "a whole number");
    return {};
}

std::vector<std::string> body_reader::list(const char* field) {
    const json* value = find(field);
    if (!value) return {};
    std::vector<std::string> out;
    if (value->is_array())
        for (const auto& item : *value)
            if (auto text = as_text(item)) out.push_back(std::move(*text));
    if (!value->is_array() || out.size() != value->size()) wrong_type(field, "a list of strings");
    return out;
}

std::map<std::string, std::string> body_reader::map(const char* field) {
    const json* value = find(field);
    if (!value) return {};
    std::map<std::string, std::string> out;
    if (!value->is_object()) {
        wrong_type(field, "an object of strings");
        return out;
    }
    for (const auto& [key, item] : value->items()) {
        if (item.is_null()) continue;
        if (auto text = as_text(item))
            out[key] = std::move(*text);
        else
            wrong_type(field, "an object of strings");
    }
    return out;
}

}  // namespace sparkgate::api
