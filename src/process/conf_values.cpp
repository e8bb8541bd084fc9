#include "conf_values.hpp"

#include "java_options.hpp"
#include "java_uri.hpp"

#include <algorithm>

namespace sparkgate::process {
namespace {

std::string trimmed(std::string_view text) {
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ')
        text.remove_prefix(1);
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ')
        text.remove_suffix(1);
    return std::string(text);
}

error refuse(const std::string& key, const std::string& why) {
    return fail(errc::invalid_argument, "requirement failed: conf " + key + ": " + why);
}

bool has_scheme(const std::string& text) {
    if (text.starts_with('/')) return false;
    const auto uri = parse_java_uri(text);
    return !uri || !uri->scheme.empty();  // what is no URI is refused in the words of resolve_file
}

result<void> check_file(const std::string& key, const std::string& name, value_sort sort,
                        const file_rules& rules) {
    const bool is_uri = has_scheme(name) || (sort == value_sort::file && name.starts_with('/'));
    if (is_uri) {
        const auto resolved = resolve_file(name, rules);
        if (!resolved) return refuse(key, resolved.error().message);
    } else if (!is_harmless_path(name, rules)) {
        return refuse(key, "local path " + name + " cannot be used by requests");
    }
    return {};
}

// Each part between `separators`.
result<void> check_files(const std::string& key, const std::string& value, std::string_view separators,
                         value_sort sort, const file_rules& rules) {
    for (std::string_view rest = value; !rest.empty();) {
        const auto end = std::min(rest.find_first_of(separators), rest.size());
        const auto name = trimmed(rest.substr(0, end));
        if (!name.empty())
            if (auto allowed = check_file(key, name, sort, rules); !allowed) return allowed;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return {};
}

// Parts of a class path are names, never URIs: a colon ends each.
result<void> check_class_path(const std::string& key, const std::string& value, const file_rules& rules) {
    for (std::string_view rest = value; !rest.empty();) {
        const auto end = std::min(rest.find(':'), rest.size());
        const auto name = trimmed(rest.substr(0, end));
        if (!is_harmless_path(name, rules))
            return refuse(key, "local path " + name + " cannot be used by requests");
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return {};
}

// Those of Hadoop that read this host's files under any scheme.
bool reads_local_files(const std::string& class_name) {
    for (const auto part : {"Local", "viewfs", "HarFileSystem"})
        if (class_name.find(part) != std::string::npos) return true;
    return false;
}

}  // namespace

result<void> check_conf_value(const std::string& key, const std::string& given, value_sort sort,
                              const file_rules& rules) {
    const std::string value = trimmed(given);
    // Spark puts other conf, properties and the environment in place of it.
    if (value.find("${") != std::string::npos) return refuse(key, "${…} cannot be used by requests");
    switch (sort) {
        case value_sort::file_list:
            break;
        case value_sort::file:
        case value_sort::local_file:
            return check_files(key, value, ",", sort, rules);
        case value_sort::command:
            return check_file(key, value, sort, rules);
        case value_sort::class_path:
            return check_class_path(key, value, rules);
        case value_sort::java_options:
            if (auto allowed = check_java_options(value, rules); !allowed)
                return refuse(key, allowed.error().message);
            break;
        case value_sort::file_system_class:
            if (reads_local_files(value)) return refuse(key, "this class reads files of this host");
            break;
    }
    return {};
}

}  // namespace sparkgate::process
