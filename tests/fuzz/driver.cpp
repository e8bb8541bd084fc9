// What a session's driver says: frames, after a true greeting. User code runs in the driver's process, so
// that they are input like a client's. A line is a frame: its header, a tab, its payload. The session has a
// statement that runs, one that waits, and one that has ended.
#include "fuzz/answers.hpp"
#include "fuzz/body.hpp"
#include "fuzz/fuzz.hpp"

#include "sparkgate/driver/frame.hpp"

namespace sparkgate::fuzz {
namespace {

std::string frames_of(std::string_view lines) {
    std::string out;
    while (!lines.empty()) {
        auto line = take_until(lines, '\n');
        const auto header = parse_json(take_until(line, '\t'));
        if (header) out += driver::encode(*header, line);
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
