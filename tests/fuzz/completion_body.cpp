// The body of POST /sessions/{id}/completion.
#include "fuzz/body.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sparkgate::fuzz;
    auto& gateway = fresh_gateway();
    const auto answer = post(gateway, "/sessions/0/completion", body_of(as_text(data, size)));
    if (answer.status != 200) return 0;
    require(sparkgate::parse_json(answer.body).value().at("candidates").size() == 2, "the driver is asked",
            answer.body);
    return 0;
}
