#include "sparkgate/obs/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace sparkgate::obs {

void set_up_logging(const std::string& level) {
    auto logger =
        std::make_shared<spdlog::logger>("sparkgate", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-5l %v", spdlog::pattern_time_type::utc);
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
}

namespace {

struct character {
    char32_t code = 0;
    std::size_t bytes = 0;  // 0: no UTF-8
};

character first_of(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return {lead, 1};
    const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
    char32_t code = lead & (0xFFu >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xC0) != 0x80) return {};
        code = code << 6 | (byte & 0x3Fu);
    }
    const char32_t least = bytes == 2 ? 0x80 : bytes == 3 ? 0x800 : 0x10000;
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code < least || code > 0x10FFFF || surrogate ? character{} : character{code, bytes};
}

bool is_control(char32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0x61C || c == 0x200E ||
           c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const auto [code, bytes] = first_of(text.substr(at));
        if (at + std::max<std::size_t>(bytes, 1) > most) return out += "…";
        if (bytes == 0 || (bytes == 1 && is_control(code)))
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at]));
        else if (is_control(code))
            out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code));
        else
            out += text.substr(at, bytes);
        at += std::max<std::size_t>(bytes, 1);
    }
    return out;
}

}  // namespace sparkgate::obs
