// The driver protocol's frames. The first byte says how the stream is cut, the rest is the stream.
#include "sparkgate/driver/frame.hpp"

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <vector>

namespace sparkgate::fuzz {
namespace {

struct decoded {
    std::vector<driver::frame> frames;
    std::string refusal;
};

// Feeds pieces of `step` bytes.
decoded decode(std::string_view stream, std::size_t step) {
    decoded out;
    driver::decoder from;
    while (!stream.empty() && out.refusal.empty()) {
        from.feed(stream.substr(0, step));
        stream.remove_prefix(std::min(step, stream.size()));
        for (;;) {
            auto next = from.next();
            if (!next) out.refusal = next.error().message;
            if (!next || !*next) break;
            out.frames.push_back(std::move(**next));
        }
    }
    return out;
}

void require_same(const decoded& one, const decoded& other) {
    require(one.refusal == other.refusal, "a stream is refused wherever it is cut",
            one.refusal + other.refusal);
    require(one.frames.size() == other.frames.size(), "a stream has the same frames wherever it is cut");
    for (std::size_t i = 0; i < one.frames.size(); ++i) {
        require(one.frames[i].header == other.frames[i].header,
                "a frame has the same header wherever it is cut");
        require(one.frames[i].payload == other.frames[i].payload,
                "a frame has the same payload wherever it is cut");
    }
}

void check(const driver::frame& one) {
    require(one.header.is_object() && !one.op().empty() == !one.text("op").empty(), "a frame has an op");
    for (const auto& [key, value] : one.header.items()) {
        one.text(key.c_str());
        one.integer(key.c_str());
    }
    const std::string bytes = driver::encode(one.header, one.payload);
    const auto again = decode(bytes, bytes.size());
    require(again.refusal.empty() && again.frames.size() == 1, "what was encoded is one frame",
            again.refusal);
    require(again.frames[0].payload == one.payload, "a payload survives", bytes);
    require(driver::encode(again.frames[0].header, again.frames[0].payload) == bytes,
            "a frame is encoded as what it was decoded from", bytes);
}

}  // namespace
}  // namespace sparkgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sparkgate::fuzz;
    if (size == 0) return 0;
    const auto stream = as_text(data + 1, size - 1);
    // Small steps cost the square of the size: only short streams are cut finely.
    const std::size_t step = std::max<std::size_t>(1 + data[0], stream.size() / 256);
    const auto whole = decode(stream, std::max<std::size_t>(1, stream.size()));
    require_same(whole, decode(stream, step));
    for (const auto& each : whole.frames)
        check(each);
    return 0;
}
