// A client's whole connection to the whole gateway. The first byte says how the rest is sent: its low four
// bits in what pieces (0: in one, n: of 2^(n-1) bytes), bit 6 that the client does not wait for answers. '0'
// is a plain client.
#include "fuzz/answers.hpp"
#include "fuzz/fuzz.hpp"

#include <algorithm>

namespace sparkgate::fuzz {
namespace {

constexpr std::size_t most_pieces = 512;

std::vector<std::string_view> cut(std::string_view text, unsigned how) {
    std::size_t step = how == 0 ? text.size() : std::size_t{1} << (how - 1);
    step = std::max({step, text.size() / most_pieces, std::size_t{1}});
    std::vector<std::string_view> out;
    for (; !text.empty(); text.remove_prefix(std::min(step, text.size())))
        out.push_back(text.substr(0, step));
    return out;
}

bool has_changed(const answered& one) {
    return one.changes && one.status < 400;
}

}  // namespace
}  // namespace sparkgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sparkgate::fuzz;
    if (size == 0) return 0;
    auto& gateway = fresh_gateway();
    const bool leaves = (data[0] & 0x40) != 0;
    const auto changes = gateway.changes();
    const auto programs = gateway.programs();
    const auto seen = gateway.converse(cut(as_text(data + 1, size - 1), data[0] & 0x0f), leaves);
    if (std::any_of(seen.answers.begin(), seen.answers.end(), has_changed))
        set_used();
    else
        require(gateway.changes() == changes && gateway.programs() == programs,
                "what is refused changes nothing");
    if (!leaves) check_answers(seen);
    return 0;
}
