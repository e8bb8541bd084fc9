#include "record_details.hpp"

namespace sparkgate::session {

json parse_details(const std::string& text) {
    auto parsed = parse_json(text);
    return parsed && parsed->is_object() ? std::move(*parsed) : json::object();
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
