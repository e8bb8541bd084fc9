#include "http/admission.hpp"

#include <algorithm>
#include <utility>

namespace sparkgate::http {
namespace {

constexpr std::size_t refused_at_once = 64;

admission::neighbourhood neighbourhood_of(const asio::ip::address& client,
                                          std::optional<admission::user_id> user) {
    if (user) return {{}, user};
    if (client.is_v4()) return {client.is_loopback() ? asio::ip::address_v4::loopback() : client, {}};
    const auto v6 = client.to_v6();
    if (v6.is_v4_mapped()) return neighbourhood_of(asio::ip::make_address_v4(asio::ip::v4_mapped, v6), {});
    if (v6.is_loopback()) return {asio::ip::address_v4::loopback(), {}};
    auto bytes = v6.to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), 0);
    return {asio::ip::address_v6(bytes), {}};
}

}  // namespace

admission::place::place(admission& of, neighbourhood from, std::optional<refusal> why)
    : refused(std::move(why)), of_(&of), from_(std::move(from)) {
    if (refused) {
        ++of.refused_;
    } else {
        ++of.served_;
        ++of.by_neighbourhood_[from_];
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
    const auto count = of_->by_neighbourhood_.find(from_);
    if (--count->second == 0) of_->by_neighbourhood_.erase(count);
}

admission::admission(std::size_t in_all, std::size_t per_neighbourhood)
    : in_all_(in_all), per_neighbourhood_(per_neighbourhood) {}

std::optional<refusal> admission::judge(const neighbourhood& from) const {
    if (served_ >= in_all_) return refusal{503, "too many connections"};
    const auto count = by_neighbourhood_.find(from);
    if (count != by_neighbourhood_.end() && count->second >= per_neighbourhood_)
        return refusal{429, from.second ? "too many connections of your user"
                                        : "too many connections from your address"};
    return std::nullopt;
}

std::optional<admission::place> admission::enter(const asio::ip::address& client,
                                                 std::optional<user_id> user) {
    const auto from = neighbourhood_of(client, user);
    auto why = judge(from);
    if (why && refused_ >= refused_at_once) return std::nullopt;
    return std::optional<place>(std::in_place, *this, from, std::move(why));
}

}  // namespace sparkgate::http
