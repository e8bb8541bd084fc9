// What a session's driver says: frames, after a true greeting. User code runs in the driver's process, so
// that they are input like a client's. A line is a frame: its header, a tab, its payload. A text of the
// header, or the payload, that reads "@1000000:ab" is "abab…" of so many bytes: frames of any size that the
// protocol allows, and a little more, are near. The session has a statement that runs, one that waits, and
// one that has ended.
#include "fuzz/answers.hpp"
#include "fuzz/body.hpp"
#include "fuzz/fuzz.hpp"

#include "sparkgate/driver/frame.hpp"

#include <algorithm>
#include <charconv>

namespace sparkgate::fuzz {
namespace {

// Of all frames of an input: what makes one hundred times as much of it is nothing new.
constexpr std::size_t most_bytes = driver::max_payload_bytes + (16u << 20);

std::string unfolded(std::string_view text, std::size_t most) {
    std::size_t size = 0;
    const auto colon = text.find(':');
    if (!text.starts_with('@') || colon == std::string_view::npos) return std::string(text);
    const auto end = text.data() + colon;
    const auto parsed = std::from_chars(text.data() + 1, end, size);
    const auto pattern = text.substr(colon + 1);
    if (parsed.ec != std::errc() || parsed.ptr != end || pattern.empty()) return std::string(text);
    std::string out;
    while (out.size() < std::min(size, most))
        out += pattern;
    out.resize(std::min(size, most));
    return out;
}

// The numbers of reliable frames go on where the played driver's have stopped: 1000 is the next.
constexpr std::uint64_t next_seq = 7, next_in_inputs = 1000;

void count_on(json& header) {
    const auto seq = header.find("seq");
    if (seq == header.end() || !seq->is_number_unsigned()) return;
    const auto number = seq->get<std::uint64_t>();
    if (number >= next_in_inputs && number < 1000 * next_in_inputs) *seq = number - next_in_inputs + next_seq;
}

std::string frames_of(std::string_view lines) {
    std::string out;
    while (!lines.empty() && out.size() < most_bytes) {
        auto line = take_until(lines, '\n');
        auto header = parse_json(take_until(line, '\t'));
        if (!header) continue;
        if (header->is_object()) count_on(*header);
        if (header->is_object())
            for (auto& [key, value] : header->items())
                if (value.is_string())
                    value = unfolded(value.get<std::string>(), driver::max_header_bytes + 1);
        out += driver::encode(*header, unfolded(line, driver::max_payload_bytes + 1));
    }
    return out;
}

void check_views(whole_gateway& gateway) {
    for (const auto* path :
         {"/sessions/0", "/sessions/0/state", "/sessions/0/log", "/sessions", "/metrics",
          "/sessions/0/statements", "/sessions/0/statements/0", "/sessions/0/statements/0/output",
          "/sessions/0/statements/1", "/sessions/0/statements/1/output"}) {
        const auto answer = gateway.answer(http::method::get, path, {});
        // A frame may have ended the session.
        require(answer.status == 200 || answer.status == 400 || answer.status == 404, "a GET is answered",
                answer.body);
        require(is_json(answer.body) || answer.body.starts_with("# HELP"), "an answer is JSON", answer.body);
    }
}

// Who watches is told what he can read.
void check_streams(whole_gateway& gateway) {
    for (const auto* path :
         {"/sessions/0/events", "/sessions/0/statements/1/events", "/sessions/0/log?follow=true"}) {
        const std::string asked =
            "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\nLast-Event-ID: 0\r\n\r\n";
        check_answers(gateway.converse({asked}, false));
    }
}

}  // namespace
}  // namespace sparkgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sparkgate::fuzz;
    auto& gateway = fresh_gateway();
    for (const auto* body : {R"({"code":"1"})", R"({"code":"wait"})", R"({"code":"2"})"})
        require(gateway.answer(sparkgate::http::method::post, "/sessions/0/statements", body).status == 201,
                "a statement is taken");
    gateway.settle();
    gateway.drive(frames_of(as_text(data, size)));
    check_views(gateway);
    check_streams(gateway);
    set_used();
    return 0;
}
