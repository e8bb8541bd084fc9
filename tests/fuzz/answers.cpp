#include "fuzz/answers.hpp"

#include "fuzz/fuzz.hpp"
#include "http/content_coding.hpp"

#include "sparkgate/base/json.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace sparkgate::fuzz {
namespace {

constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

using header_map = std::map<std::string, std::string, std::less<>>;

std::string_view take_line(std::string_view& rest) {
    const auto end = rest.find("\r\n");
    require(end != std::string_view::npos, "a head has whole lines", rest);
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    for (const unsigned char c : line)
        require(c >= ' ' && c != 0x7f, "a head has no control characters", line);
    return line;
}

unsigned read_status(std::string_view line) {
    unsigned status = 0;
    require(line.starts_with("HTTP/1.1 ") && line.size() > 13 && line[12] == ' ',
            "an answer has a status line", line);
    std::from_chars(line.data() + 9, line.data() + 12, status);
    require(http::reason(status) == line.substr(13), "a status has its reason", line);
    return status;
}

header_map read_headers(std::string_view& rest) {
    header_map out;
    for (auto line = take_line(rest); !line.empty(); line = take_line(rest)) {
        const auto colon = line.find(": ");
        require(colon != std::string_view::npos && colon > 0, "a header has a name", line);
        const auto added = out.emplace(line.substr(0, colon), line.substr(colon + 2));
        require(added.second, "a header comes once", line);
    }
    for (const auto* name : {"Date", "X-Request-Id", "X-Content-Type-Options"})
        require(out.contains(name), "every answer has this header", name);
    return out;
}

std::string value_of(const header_map& headers, std::string_view name) {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
}

std::size_t declared_length(const header_map& headers) {
    const auto text = value_of(headers, "Content-Length");
    std::size_t out = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    require(!text.empty() && ec == std::errc() && end == text.data() + text.size(), "a length is a number",
            text);
    return out;
}

// Lines of an event stream: HTML Living Standard, 9.2.
void check_events(std::string_view text) {
    require(text.ends_with("\n\n"), "an event stream ends behind an event", text);
    while (!text.empty()) {
        const auto line = take_until(text, '\n');
        bool known = line.empty() || line.starts_with(": ");
        for (const auto* field : {"id: ", "event: ", "data: ", "retry: "})
            known = known || line.starts_with(field);
        require(known, "a line of an event stream is a field or a comment", line);
        if (line.starts_with("data: ")) require(is_json(line.substr(6)), "an event's data is JSON", line);
    }
}

void check_body(const header_map& headers, std::string_view body, unsigned status) {
    std::string decoded(body);
    if (const auto coding = value_of(headers, "Content-Encoding"); !coding.empty()) {
        auto plain = http::decompress(body, http::parse_coding(coding), 64u << 20);
        require(bool(plain), "an encoded body decodes", coding);
        decoded = std::move(*plain);
    }
    const auto type = value_of(headers, "Content-Type");
    if (type.starts_with("application/json") && !decoded.empty())
        require(is_json(decoded), "a body of the type JSON is JSON", decoded);
    if (type == "text/event-stream" && !decoded.empty()) check_events(decoded);
    check_status(status, decoded);
}

struct body {
    std::string text;
    bool cut = false;  // or ended by the end of the connection, which looks the same
};

std::string_view take(std::string_view& rest, std::size_t size) {
    require(size <= rest.size(), "a body is as long as its length says", rest);
    const auto out = rest.substr(0, size);
    rest.remove_prefix(size);
    return out;
}

// A stream is cut, anywhere, when the client has said that it ends: no stream outlives its reader.
body take_chunks(std::string_view& rest) {
    body out;
    while (rest.find("\r\n") != std::string_view::npos) {
        const auto line = take_line(rest);
        std::size_t size = 0;
        const auto [end, ec] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
        require(ec == std::errc() && end == line.data() + line.size(), "a chunk has a size", line);
        if (rest.size() < size + 2) {
            out.text += rest.substr(0, size);
            break;
        }
        out.text += take(rest, size);
        require(take(rest, 2) == "\r\n", "a chunk ends with its line");
        if (size == 0) return out;
    }
    rest = {};
    out.cut = true;
    return out;
}

body take_body(std::string_view& rest, const header_map& headers, const answered& by) {
    const bool has_length = headers.contains("Content-Length");
    if (by.status == 204 || by.status == 304) {
        require(!has_length, "a status without body has no length");
        return {};
    }
    const std::size_t length = has_length ? declared_length(headers) : 0;
    // An answer to HEAD has the length of a body that does not come; so has one to a HEAD that was refused
    // before its target was read, which only the gateway's own count of bytes tells.
    if (by.head || (has_length && by.bytes == 0)) return {};
    if (has_length) return {std::string(take(rest, length)), false};
    if (value_of(headers, "Transfer-Encoding") == "chunked") return take_chunks(rest);
    return {std::string(take(rest, rest.size())), true};
}

// Returns whether it was the last of its connection.
bool check_answer(std::string_view& rest, const answered& by) {
    while (rest.starts_with(go_on))
        rest.remove_prefix(go_on.size());
    const unsigned status = read_status(take_line(rest));
    require(status == by.status, "the answers are in the order of the requests");
    const auto headers = read_headers(rest);
    const auto found = take_body(rest, headers, by);
    require(found.text.size() == by.bytes || (found.cut && found.text.size() > by.bytes),
            "the gateway has sent what it says", found.text);
    if (!found.cut) check_body(headers, found.text, status);
    return found.cut || value_of(headers, "Connection") == "close";
}

}  // namespace

void check_answers(const conversation& seen) {
    std::string_view rest = seen.received;
    bool last = false;
    for (const auto& each : seen.answers) {
        require(!last, "nothing is answered after the answer that closes");
        last = check_answer(rest, each);
    }
    while (rest.starts_with(go_on))  // the rest of a request was asked for and did not come
        rest.remove_prefix(go_on.size());
    require(rest.empty(), "nothing is sent beside answers", rest);
}

}  // namespace sparkgate::fuzz
