#include "sparkgate/driver/frame.hpp"

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <utility>

namespace sparkgate::driver {
namespace {

constexpr std::size_t prefix_bytes = 8;

std::uint32_t load_u32(const char* p) {
    return boost::endian::load_big_u32(reinterpret_cast<const unsigned char*>(p));
}

void append_u32(std::string& out, std::size_t value) {
    unsigned char bytes[4];
    boost::endian::store_big_u32(bytes, static_cast<std::uint32_t>(value));
    out.append(reinterpret_cast<const char*>(bytes), sizeof bytes);
}

}  // namespace

std::string frame::op() const {
    return header.at("op").get<std::string>();
}

std::int64_t frame::integer(const char* key, std::int64_t fallback) const {
    const auto found = header.find(key);
    if (found == header.end() || !found->is_number_integer()) return fallback;
    const bool fits = !found->is_number_unsigned() || found->get<std::uint64_t>() <= std::uint64_t{INT64_MAX};
    return fits ? found->get<std::int64_t>() : fallback;
}

std::string frame::text(const char* key) const {
    const auto found = header.find(key);
    return found != header.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string encode(const json& header, std::string_view payload) {
    const std::string head = dump_json(header);
    std::string out;
    out.reserve(prefix_bytes + head.size() + payload.size());
    append_u32(out, head.size());
    append_u32(out, payload.size());
    out += head;
    out += payload;
    return out;
}

result<std::optional<frame>> decoder::next() {
    const std::string_view rest = std::string_view(buffer_).substr(used_);
    if (rest.size() < prefix_bytes) return std::optional<frame>();
    const std::size_t head = load_u32(rest.data()), body = load_u32(rest.data() + 4);
    if (head > limits_.header_bytes || body > limits_.payload_bytes)
        return fail(errc::invalid_argument, "a frame is too large");
    if (rest.size() < prefix_bytes + head) return std::optional<frame>();
    if (!header_)
        if (const auto taken = take_header(rest.substr(prefix_bytes, head), body); !taken)
            return taken.error();
    if (rest.size() < prefix_bytes + head + body) return std::optional<frame>();

    frame out{std::move(*header_), std::string(rest.substr(prefix_bytes + head, body))};
    header_.reset();
    used_ += prefix_bytes + head + body;
    forget_used();
    return std::optional<frame>(std::move(out));
}

// Before the payload is waited for: who may not send one is not listened to.
result<void> decoder::take_header(std::string_view text, std::size_t payload_bytes) {
    auto header = parse_json(text);
    if (!header) return header.error();
    if (!header->is_object() || !header->contains("op") || !(*header)["op"].is_string())
        return fail(errc::invalid_argument, "a frame's header is not an object with an op");
    const auto& allowed = limits_.with_payload;
    const auto op = (*header)["op"].get<std::string>();
    if (payload_bytes > 0 && !allowed.empty() &&
        std::find(allowed.begin(), allowed.end(), op) == allowed.end())
        return fail(errc::invalid_argument, "a frame has a payload where none is due");
    header_ = std::move(*header);
    return {};
}

void decoder::forget_used() {
    if (used_ == buffer_.size()) {
        used_ = 0;
        buffer_.clear();
        constexpr std::size_t worth_keeping = 4096;
        if (buffer_.capacity() > worth_keeping) buffer_.shrink_to_fit();
    } else if (used_ > buffer_.size() / 2) {
        buffer_.erase(0, std::exchange(used_, 0));
    }
}

}  // namespace sparkgate::driver
