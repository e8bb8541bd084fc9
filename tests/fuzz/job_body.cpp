// The body of POST /sessions/{id}/submit-job and run-job. The first byte says which.
#include "fuzz/body.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sparkgate::fuzz;
    constexpr const char* paths[] = {"/sessions/0/submit-job", "/sessions/0/run-job"};
    if (size == 0) return 0;
    auto& gateway = fresh_gateway();
    const auto answer = post(gateway, paths[data[0] % 2], body_of(as_text(data + 1, size - 1)));
    require(answer.status == 400 || answer.status == 413 || answer.status == 501, "no job is run",
            answer.body);
    return 0;
}
