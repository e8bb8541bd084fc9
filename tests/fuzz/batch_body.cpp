// The body of POST /batches.
#include "fuzz/body.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sparkgate::fuzz;
    auto& gateway = fresh_gateway();
    const auto body = body_of(as_text(data, size));
    const auto answer = post(gateway, "/batches", body);
    if (answer.status != 201) return 0;
    const auto created = sparkgate::parse_json(answer.body).value();
    require_echo(body, created, {"name"});
    require(created.at("id") == 1, "a batch gets the next id", answer.body);
    require(get(gateway, "/batches").at("sessions").size() == 2, "a batch is listed", answer.body);
    return 0;
}
