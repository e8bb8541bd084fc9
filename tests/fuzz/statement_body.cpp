// The body of POST /sessions/{id}/statements; the code goes to the driver and comes back as the statement's
// output.
#include "fuzz/body.hpp"
#include "fuzz/fuzz.hpp"

namespace sparkgate::fuzz {
namespace {

// The driver's result is in the view once everything in this process has had its effect.
json ended_statement(whole_gateway& gateway, const std::string& path) {
    gateway.settle();
    auto view = get(gateway, path);
    if (view.at("state") == "available") return view;
    require(view.at("code").get<std::string>().starts_with("wait"), "a statement ends", dump_json(view));
    post(gateway, path + "/cancel", {});
    gateway.settle();
    return get(gateway, path);
}

}  // namespace
}  // namespace sparkgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sparkgate::fuzz;
    auto& gateway = fresh_gateway();
    const auto body = body_of(as_text(data, size));
    const auto answer = post(gateway, "/sessions/0/statements", body);
    if (answer.status != 201) return 0;
    const auto created = sparkgate::parse_json(answer.body).value();
    const auto code = created.at("code").get<std::string>();
    require(code.find("\r\n") == std::string::npos || code.find('\n') < code.find('\r'),
            "line ends are those of Unix, if the first is not one", code);
    const auto sent = sparkgate::parse_json(body).value().at("code");
    if (!sent.is_string() || sent.get<std::string>().find('\r') == std::string::npos)
        require_echo(body, created, {"code"});
    const auto ended = ended_statement(gateway, "/sessions/0/statements/0");
    require(ended.at("code") == code, "a statement keeps its code", code);
    if (ended.at("state") == "available")
        require(ended.at("output").at("data").at("text/plain") == code, "the driver gets the code as it is",
                code);
    else
        require(ended.at("state") == "cancelled", "a statement that waits can be cancelled", code);
    return 0;
}
