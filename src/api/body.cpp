#include "body.hpp"

#include "text_limits.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sparkgate::api {
namespace {

// Strings as they are, numbers and booleans as JSON spells them; nothing for other types. Takes the string
// away.
std::optional<std::string> as_text(json& value) {
    if (value.is_string()) return std::move(value.get_ref<std::string&>());
    if (value.is_number() || value.is_boolean()) return dump_json(value);
    return {};
}

bool has_zero_byte(const json& value) {
    if (value.is_string()) return value.get_ref<const std::string&>().find('\0') != std::string::npos;
    if (!value.is_structured()) return false;
    for (const auto& [key, each] : value.items())
        if (key.find('\0') != std::string::npos || has_zero_byte(each)) return true;
    return false;
}

// What a client sent, in an error: its beginning.
std::string shown(const std::string& text) {
    constexpr std::size_t longest = 200;
    return text.size() <= longest ? text : text.substr(0, longest) + "…";
}

// How Jackson's errors name a JSON value.
struct token_name {
    const char* value;
    const char* token;
};
token_name name_of(const json& value) {
    switch (value.type()) {
        case json::value_t::object:
            return {"Object", "START_OBJECT"};
        case json::value_t::array:
            return {"Array", "START_ARRAY"};
        case json::value_t::string:
            return {"String", "VALUE_STRING"};
        case json::value_t::boolean:
            return {"Boolean", value.get<bool>() ? "VALUE_TRUE" : "VALUE_FALSE"};
        case json::value_t::number_float:
            return {"Floating-point", "VALUE_NUMBER_FLOAT"};
        case json::value_t::null:
            return {"Null", "VALUE_NULL"};
        default:
            return {"Integer", "VALUE_NUMBER_INT"};
    }
}

std::string wrong_type(const std::string& expected, const json& found) {
    const auto name = name_of(found);
    return "Cannot deserialize value of type `" + expected + "` from " + name.value +
           " value (token `JsonToken." + name.token + "`)";
}

// The errors about a body that is JSON but no object.
std::string not_an_object(const json& found, const std::string& java_class) {
    if (found.is_null()) return "The request body must be a JSON object, not null.";
    const std::string construct =
        "Cannot construct instance of `" + java_class + "` (although at least one Creator exists): no ";
    const std::string constructor = "-argument constructor/factory method to deserialize from ";
    if (found.is_string())
        return construct + "String" + constructor + "String value ('" + shown(found.get<std::string>()) +
               "')";
    if (found.is_number_integer())
        return construct + "int/Int" + constructor + "Number value (" + dump_json(found) + ")";
    return wrong_type(java_class, found);
}

std::string unknown_field(const std::string& field, const std::string& java_class,
                          const std::vector<std::string>& known) {
    std::string names;
    for (const auto& name : known)
        names += (names.empty() ? "\"" : ", \"") + name + "\"";
    const auto name = shown(field);
    return "Unrecognized field \"" + name + "\" (class " + java_class + "), not marked as ignorable (" +
           std::to_string(known.size()) + " known properties: " + names +
           "]) (through reference chain: " + java_class + "[\"" + name + "\"])";
}

}  // namespace

result<body_reader> body_reader::parse(const std::string& body, const std::string& java_class,
                                       const std::vector<std::string>& known) {
    if (body.find_first_not_of(" \t\r\n") == std::string::npos)
        return fail(errc::invalid_argument, "No content to map due to end-of-input");
    auto parsed = parse_json(body);
    if (!parsed) return parsed.error();
    if (!parsed->is_object()) return fail(errc::invalid_argument, not_an_object(*parsed, java_class));
    for (const auto& [field, value] : parsed->items())
        if (std::find(known.begin(), known.end(), field) == known.end())
            return fail(errc::invalid_argument, unknown_field(field, java_class, known));
    return body_reader(std::move(*parsed), java_class);
}

json* body_reader::find(const char* field) {
    const auto at = object_.find(field);
    return at == object_.end() || at->is_null() ? nullptr : &*at;
}

void body_reader::refuse(const char* field, const std::string& why) {
    if (!error_)
        error_ = fail(errc::invalid_argument,
                      why + " (through reference chain: " + java_class_ + "[\"" + field + "\"])");
}

void body_reader::refuse_zero_bytes() {
    for (const auto& [field, value] : object_.items())
        if (has_zero_byte(value)) return refuse(field.c_str(), "A zero byte is not allowed in a text");
}

void body_reader::check_length(const char* field, std::string_view kind, const std::string& text) {
    if (const auto most = longest_field(kind); most && text.size() > *most)
        refuse(field, "A text of " + std::to_string(text.size()) + " bytes is too long, the most is " +
                          std::to_string(*most) + ": \"" + shown(text) + "\"");
}

std::optional<std::string> body_reader::item(const char* field, json& value) {
    auto out = as_text(value);
    if (out)
        check_length(field, field, *out);
    else
        refuse(field, wrong_type("java.lang.String", value));
    return out;
}

std::optional<std::string> body_reader::text(const char* field) {
    json* value = find(field);
    return value ? item(field, *value) : std::nullopt;
}

std::optional<std::string> body_reader::word(const char* field, const char* otherwise) {
    json* value = find(field);
    if (value && value->is_string()) return item(field, *value);
    if (value) refuse(field, otherwise);
    return {};
}

std::optional<int> body_reader::integer(const char* field) {
    const json* value = find(field);
    if (!value) return {};
    if (value->is_number()) {
        const double number = std::trunc(value->get<double>());
        if (std::abs(number) <= 2147483647.0) return static_cast<int>(number);
        refuse(field,
               "Numeric value (" + dump_json(*value) + ") out of range of int (-2147483648 - 2147483647)");
    } else if (value->is_string()) {
        const auto& text = value->get_ref<const std::string&>();
        int out = 0;
        const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
        if (ec == std::errc() && end == text.data() + text.size()) return out;
        refuse(field, "Cannot deserialize value of type `int` from String \"" + shown(text) + "\"" +
                          ": not a valid `int` value");
    } else {
        refuse(field, wrong_type("int", *value));
    }
    return {};
}

std::vector<std::string> body_reader::list(const char* field) {
    json* value = find(field);
    if (!value) return {};
    std::vector<std::string> out;
    if (!value->is_array()) {
        refuse(field, wrong_type("scala.collection.immutable.List<java.lang.String>", *value));
        return out;
    }
    out.reserve(value->size());
    for (auto& each : *value)
        if (auto text = item(field, each)) out.push_back(std::move(*text));
    return out;
}

std::map<std::string, std::string> body_reader::map(const char* field) {
    json* value = find(field);
    if (!value) return {};
    std::map<std::string, std::string> out;
    if (!value->is_object()) {
        refuse(field,
               wrong_type("scala.collection.immutable.Map<java.lang.String,java.lang.String>", *value));
        return out;
    }
    for (auto& [key, each] : value->items()) {
        if (each.is_null()) continue;
        check_length(field, std::string(field) + " key", key);
        if (auto text = item(field, each)) out[key] = std::move(*text);
    }
    return out;
}

}  // namespace sparkgate::api
