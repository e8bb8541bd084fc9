#include "http/admission.hpp"

#include <algorithm>
#include <utility>

namespace sparkgate::http {
namespace {

constexpr std::size_t refused_at_once = 64;

// Whose connections are counted together: one IPv4 address, or one network of IPv6, which a single host may
// have for itself (RFC 6177).
asio::ip::address neighbourhood(const asio::ip::address& client) {
    if (client.is_v4()) return client;
    const auto v6 = client.to_v6();
    if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6);
    auto bytes = v6.to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), 0);
    return asio::ip::address_v6(bytes);
}

}  // namespace

admission::place::place(admission& of, const asio::ip::address& from, std::optional<refusal> why)
    : refused(std::move(why)), of_(&of), from_(from) {
    if (refused) {
        ++of.refused_;
    } else {
        ++of.served_;
        ++of.by_address_[from_];
    }
}

admission::place::place(place&& other) noexcept
    : refused(std::move(other.refused)), of_(std::exchange(other.of_, nullptr)), from_(other.from_) {}

admission::place::~place() {
    if (!of_) return;
    if (refused) {
        --of_->refused_;
        return;
    }
    --of_->served_;
    const auto count = of_->by_address_.find(from_);
    if (--count->second == 0) of_->by_address_.erase(count);
}

admission::admission(std::size_t in_all, std::size_t per_address)
    : in_all_(in_all), per_address_(per_address) {}

std::optional<refusal> admission::judge(const asio::ip::address& from) const {
    if (served_ >= in_all_) return refusal{503, "too many connections"};
    const auto count = by_address_.find(from);
    if (count != by_address_.end() && count->second >= per_address_)
        return refusal{429, "too many connections from your address"};
    return std::nullopt;
}

std::optional<admission::place> admission::enter(const asio::ip::address& client) {
    const auto from = neighbourhood(client);
    auto why = judge(from);
    if (why && refused_ >= refused_at_once) return std::nullopt;
    return std::optional<place>(std::in_place, *this, from, std::move(why));
}

}  // namespace sparkgate::http
