#include "record_details.hpp"

namespace sparkgate::session {
namespace {

struct member {
    const char* key;
    bool (json::*is)() const noexcept;
};

constexpr member members[] = {
    {"owner", &json::is_string},          {"name", &json::is_string},
    {"proxyUser", &json::is_string},      {"created", &json::is_number_integer},
    {"appId", &json::is_string},          {"sparkUiUrl", &json::is_string},
    {"reason", &json::is_string},         {"ended", &json::is_number_integer},
    {"idempotencyKey", &json::is_string}, {"fingerprint", &json::is_string},
};

}  // namespace

result<json> read_object(std::string_view text) {
    auto parsed = parse_json(text, own_json);
    if (!parsed) {  // what a parser says has a second line, about the place
        const auto& why = parsed.error().message;
        return fail(errc::invalid_argument, why.substr(0, why.find('\n')));
    }
    if (!parsed->is_object()) return fail(errc::invalid_argument, "it is not a JSON object");
    return parsed;
}

result<json> read_details(std::string_view text) {
    auto details = read_object(text);
    if (!details) return details;
    for (const auto& [key, is] : members) {
        const auto found = details->find(key);
        if (found != details->end() && !found->is_null() && !((*found).*is)())
            return fail(errc::invalid_argument, std::string(key) + " is of another type");
    }
    return details;
}

std::optional<std::string> text_in(const json& details, const char* key) {
    const auto found = details.find(key);
    if (found == details.end() || !found->is_string()) return {};
    return found->get<std::string>();
}

std::optional<epoch_ms> time_in(const json& details, const char* key) {
    const auto found = details.find(key);
    if (found == details.end() || !found->is_number_integer()) return {};
    return found->get<epoch_ms>();
}

std::optional<creation_key> key_in(const json& details) {
    auto key = text_in(details, "idempotencyKey");
    if (!key) return {};
    return creation_key{std::move(*key), text_in(details, "fingerprint").value_or("")};
}

}  // namespace sparkgate::session
