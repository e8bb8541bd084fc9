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

std::string printable(std::string_view text) {
    constexpr std::size_t limit = 200;
    std::size_t end = std::min(limit, text.size());
    if (end < text.size())  // not in the middle of a UTF-8 character
        for (int i = 0; i < 3 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80; ++i)
            --end;
    std::string out;
    for (const char c : text.substr(0, end)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f)
            out += fmt::format("\\x{:02x}", byte);
        else
            out += c;
    }
    if (text.size() > limit) out += "…";
    return out;
}

}  // namespace sparkgate::obs
