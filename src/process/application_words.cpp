#include "sparkgate/process/application_words.hpp"

#include <algorithm>

namespace sparkgate::process {
namespace {

constexpr std::size_t longest_id = 200, longest_url = 2048;

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_part_of_id(char c) {
    return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
}

bool is_part_of_url(char c) {
    return c > ' ' && c < 0x7f && std::string_view("\"'`<>\\^{|}").find(c) == std::string_view::npos;
}

bool is_part_of_host(char c) {
    return is_part_of_id(c) || c == ':' || c == '[' || c == ']';
}

}  // namespace

bool is_app_id(std::string_view text) {
    return !text.empty() && text.size() <= longest_id && std::all_of(text.begin(), text.end(), is_part_of_id);
}

bool is_page_url(std::string_view text) {
    if (text.size() > longest_url || !std::all_of(text.begin(), text.end(), is_part_of_url)) return false;
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!text.starts_with(scheme)) continue;
        const auto rest = text.substr(scheme.size());
        const auto host = rest.substr(0, rest.find_first_of("/?#"));
        return !host.empty() && std::all_of(host.begin(), host.end(), is_part_of_host);
    }
    return false;
}

}  // namespace sparkgate::process
