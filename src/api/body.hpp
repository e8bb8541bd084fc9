// Reads request bodies: JSON objects with known fields. Error texts follow Livy's (Jackson's) words where
// users see them; numbers as strings, null and booleans are taken as Livy's own clients send them. Pure.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/base/json.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sparkgate::api {

class body_reader {
public:
    // `known` are the allowed fields, `java_class` the name that Livy's message about any other field
    // carries.
    static result<body_reader> parse(const std::string& body, const std::string& java_class,
                                     const std::vector<std::string>& known);

    // Each returns nothing for an absent or null field, and takes its texts away: once for each field. The
    // first mistake (a wrong type, a text that is longer than text_limits.hpp allows) is kept in error().
    std::optional<std::string> text(const char* field);  // numbers and booleans become text
    std::optional<std::string> word(const char* field, const char* otherwise);  // only strings
    std::optional<int> integer(const char* field);                              // also "4"
    std::vector<std::string> list(const char* field);
    std::map<std::string, std::string> map(const char* field);

    const std::optional<sparkgate::error>& error() const { return error_; }

    // Refuses a zero byte in any text that is still there: one ends an argument of a program before its end.
    void refuse_zero_bytes();

    // Refuses what a field holds, in the form of Jackson's own errors: "… (through reference chain: …)".
    void refuse(const char* field, const std::string& why);

private:
    body_reader(json object, std::string java_class)
        : object_(std::move(object)), java_class_(std::move(java_class)) {}
    json* find(const char* field);
    std::optional<std::string> item(const char* field, json& value);
    void check_length(const char* field, std::string_view kind, const std::string& text);

    json object_;
    std::string java_class_;
    std::optional<sparkgate::error> error_;
};

}  // namespace sparkgate::api
