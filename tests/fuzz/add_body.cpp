// The body of POST /sessions/{id}/add-jar, add-pyfile and add-file. The first byte says which.
#include "fuzz/body.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sparkgate::fuzz;
    constexpr const char* paths[] = {"/sessions/0/add-jar", "/sessions/0/add-pyfile", "/sessions/0/add-file"};
    if (size == 0) return 0;
    auto& gateway = fresh_gateway();
    const auto answer = post(gateway, paths[data[0] % 3], body_of(as_text(data + 1, size - 1)));
    require(answer.status == 200 || answer.status == 400, "a file is added or refused", answer.body);
    return 0;
}
