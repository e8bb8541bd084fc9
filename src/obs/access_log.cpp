#include "sparkgate/obs/access_log.hpp"

#include "sparkgate/obs/log.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace sparkgate::obs {
namespace {

// For between quotes: nothing ends the field or the line, and no terminal obeys it.
std::string quotable(std::string_view text) {
    constexpr std::size_t longest = 200;
    if (text.empty()) return "-";
    std::string out;
    for (const unsigned char c : text.substr(0, longest)) {
        if (c < 0x20 || c >= 0x7f)
            out += fmt::format("\\x{:02x}", c);
        else if (c == '"' || c == '\\')
            (out += '\\') += static_cast<char>(c);
        else
            out += static_cast<char>(c);
    }
    if (text.size() > longest) out += "...";
    return out;
}

std::string_view or_dash(std::string_view text) {
    return text.empty() ? "-" : text;
}

}  // namespace

std::string access_line(const access_entry& what, std::time_t now) {
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char time[32];
    std::strftime(time, sizeof time, "%d/%b/%Y:%H:%M:%S +0000", &parts);
    // A request that could not be read has no first line to show.
    const std::string line = what.target.empty()
                                 ? "-"
                                 : fmt::format("{} {} HTTP/{}.{}", what.method, quotable(what.target),
                                               what.version / 10, what.version % 10);
    std::string user(or_dash(what.user));
    std::replace(user.begin(), user.end(), ' ', '_');
    return fmt::format("{} - {} [{}] \"{}\" {} {} \"{}\" \"{}\" {:.6f} {}", or_dash(what.remote_address),
                       printable(user), time, line, what.status, what.bytes, quotable(what.referer),
                       quotable(what.user_agent), static_cast<double>(what.took.count()) / 1e6,
                       or_dash(what.request_id));
}

result<access_log> access_log::open(const std::filesystem::path& file, std::uint64_t max_bytes,
                                    std::size_t files) {
    auto opened = rotating_file::open(file, max_bytes, files);
    if (!opened)
        return fail(opened.error().code, "the access log cannot be written: " + opened.error().message);
    return access_log(std::move(*opened));
}

void access_log::write(const access_entry& what) {
    const auto now = std::time(nullptr);
    const auto written = to_.write(access_line(what, now) + "\n");
    if (written || now == complained_) return;
    complained_ = now;
    spdlog::error("the access log cannot be written: {}", written.error().message);
}

}  // namespace sparkgate::obs
