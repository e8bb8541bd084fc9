// Counts the connections, in all and from each neighbourhood, and says which is one too many. Event-loop
// thread only.
#pragma once

#include "http/wire_guard.hpp"

#include "sparkgate/base/async.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <utility>

namespace sparkgate::http {

class admission {
public:
    using user_id = std::uint32_t;

    admission(std::size_t in_all, std::size_t per_neighbourhood);

    // Whose connections are counted together: a user of this host; else one IPv4 address, all addresses of
    // loopback being one, or one network of IPv6, which a single host may have for itself (RFC 6177).
    using neighbourhood = std::pair<asio::ip::address, std::optional<user_id>>;

    // The place of one connection. Has to end before the admission.
    class place {
    public:
        place(admission& of, neighbourhood from, std::optional<refusal> why);
        place(place&& other) noexcept;
        place& operator=(place&&) = delete;
        ~place();

        // Why the connection is told no instead of being served; nothing: it is served.
        std::optional<refusal> refused;

    private:
        admission* of_;
        neighbourhood from_;
    };

    // `user`: at the other end, where that is on this host and known. Nothing: so many are being refused that
    // this one has to be closed without a word.
    std::optional<place> enter(const asio::ip::address& client, std::optional<user_id> user = {});

private:
    std::optional<refusal> judge(const neighbourhood& from) const;

    const std::size_t in_all_, per_neighbourhood_;
    std::size_t served_ = 0, refused_ = 0;
    std::map<neighbourhood, std::size_t> by_neighbourhood_;  // of those that are served
};

}  // namespace sparkgate::http
