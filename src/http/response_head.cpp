#include "http/response_head.hpp"

#include <charconv>
#include <ctime>

namespace sparkgate::http {
namespace {

// "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", made anew once a second.
std::string_view date_line() {
    static thread_local std::time_t made_at = 0;
    static thread_local char line[64];
    static thread_local std::size_t size = 0;
    const auto now = std::time(nullptr);
    if (now != made_at) {
        std::tm parts{};
        ::gmtime_r(&now, &parts);
        size = std::strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
        made_at = now;
    }
    return {line, size};
}

void append_number(std::string& out, std::size_t number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out.append(digits, end);
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ");
    for (const char c : value)
        out += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? ' ' : c;
    out.append("\r\n");
}

}  // namespace

std::string header_lines(const std::vector<std::pair<std::string, std::string>>& headers) {
    std::string out;
    for (const auto& [name, value] : headers)
        append_line(out, name, value);
    return out;
}

bool may_have_body(unsigned status) {
    return status != 204 && status != 304;
}

void append_head(std::string& out, const response& answer, std::string_view common,
                 std::string_view request_id, connection_word connection, body_end end) {
    out.append("HTTP/1.1 ");
    append_number(out, answer.status);
    out.append(" ").append(reason(answer.status)).append("\r\n");
    out.append(date_line()).append(common);
    if (!answer.content_type.empty()) append_line(out, "Content-Type", answer.content_type);
    for (const auto& [name, value] : answer.headers)
        append_line(out, name, value);
    out.append("X-Request-Id: ").append(request_id).append("\r\n");
    if (may_have_body(answer.status) && end == body_end::by_length) {
        out.append("Content-Length: ");
        append_number(out, answer.body.size());
        out.append("\r\n");
    }
    if (end == body_end::by_last_chunk) out.append("Transfer-Encoding: chunked\r\n");
    if (connection == connection_word::close) out.append("Connection: close\r\n");
    if (connection == connection_word::keep_alive) out.append("Connection: keep-alive\r\n");
    out.append("\r\n");
}

}  // namespace sparkgate::http
