#include "text_limits.hpp"

#include <algorithm>
#include <iterator>

namespace sparkgate::api {
namespace {

enum class place { field, parameter, header };

constexpr std::size_t name = 255, word = 32, location = 8 * 1024;

struct row {
    place where;
    std::string_view name;
    std::size_t bytes;
    const char* reason;
};

constexpr row table[] = {
    {place::field, "name", name, "a name"},
    {place::field, "proxyUser", name, "a user"},
    {place::field, "queue", name, "a name"},
    {place::field, "kind", word, "a word"},
    {place::field, "msg_type", word, "a word"},
    {place::field, "ttl", word, "a time"},
    {place::field, "idleTimeout", word, "a time"},
    {place::field, "driverMemory", word, "a size"},
    {place::field, "executorMemory", word, "a size"},
    {place::field, "file", location, "a path or URI"},
    {place::field, "uri", location, "a path or URI"},
    {place::field, "jars", location, "a path or URI"},
    {place::field, "pyFiles", location, "a path or URI"},
    {place::field, "files", location, "a path or URI"},
    {place::field, "archives", location, "a path or URI, and a name"},
    {place::field, "className", 1024, "a class of Java"},
    {place::field, "args", 128 * 1024 - 1, "Linux takes no longer argument of a program"},
    {place::field, "conf key", 1024, "a key"},
    {place::field, "conf", 64 * 1024, "the longest are class paths"},
    {place::parameter, "doAs", name, "a user"},
    {place::parameter, "owner", name, "a user"},
    {place::parameter, "name", name, "a name"},
    {place::parameter, "state", name, "a list of all states"},
    {place::parameter, "order", word, "a word"},
    {place::parameter, "follow", word, "a word"},
    {place::parameter, "since", word, "a number"},
    {place::parameter, "from", word, "a number"},
    {place::parameter, "size", word, "a number"},
    {place::parameter, "wait", word, "a number"},
    {place::header, "idempotency-key", 255, "a name"},
};

std::optional<std::size_t> longest(place where, std::string_view name) {
    const auto found = std::find_if(std::begin(table), std::end(table), [&](const row& each) {
        return each.where == where && each.name == name;
    });
    return found == std::end(table) ? std::nullopt : std::optional(found->bytes);
}

const char* word_for(place where) {
    switch (where) {
        case place::field:
            return "field";
        case place::parameter:
            return "parameter";
        case place::header:
            return "header";
    }
    return "";
}

}  // namespace

std::optional<std::size_t> longest_field(std::string_view name) {
    return longest(place::field, name);
}

std::optional<std::size_t> longest_parameter(std::string_view name) {
    return longest(place::parameter, name);
}

std::optional<std::size_t> longest_header(std::string_view name) {
    return longest(place::header, name);
}

std::optional<std::string> text_problem(const http::request& from) {
    const auto too_long = [](const std::string& name, std::size_t most) {
        return name + ": longer than " + std::to_string(most) + " bytes";
    };
    for (const auto& [name, value] : from.query)
        if (const auto most = longest_parameter(name); most && value.size() > *most)
            return too_long(name, *most);
    for (const auto& [name, value] : from.headers)
        if (const auto most = longest_header(name); most && value.size() > *most)
            return too_long(name, *most);
    return {};
}

std::string text_limits_markdown() {
    std::string out = "| text | in | bytes | it is |\n|---|---|---|---|\n";
    for (const auto& each : table)
        out += "| `" + std::string(each.name) + "` | " + word_for(each.where) + " | " +
               std::to_string(each.bytes) + " | " + each.reason + " |\n";
    return out;
}

}  // namespace sparkgate::api
