// The body of POST /sessions.
#include "fuzz/body.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sparkgate::fuzz;
    auto& gateway = fresh_gateway();
    const auto body = body_of(as_text(data, size));
    const auto answer = post(gateway, "/sessions", body);
    if (answer.status != 201) return 0;
    const auto created = sparkgate::parse_json(answer.body).value();
    require_echo(body, created, {"name", "queue", "driverMemory", "executorMemory", "ttl", "idleTimeout"});
    require(created.at("id") == 1 && created.at("state") == "starting", "a session begins", answer.body);
    const auto listed = get(gateway, "/sessions").at("sessions");
    require(listed.size() == 2 && listed[1].at("conf") == created.at("conf"), "a session is listed",
            answer.body);
    return 0;
}
