// Counts the connections, in all and from each address, and says which is one too many. Event-loop thread
// only.
#pragma once

#include "http/wire_guard.hpp"

#include "sparkgate/base/async.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <map>
#include <optional>

namespace sparkgate::http {

class admission {
public:
    admission(std::size_t in_all, std::size_t per_address);

    // The place of one connection. Has to end before the admission.
    class place {
    public:
        place(admission& of, const asio::ip::address& from, std::optional<refusal> why);
        place(place&& other) noexcept;
        place& operator=(place&&) = delete;
        ~place();

        // Why the connection is told no instead of being served; nothing: it is served.
        std::optional<refusal> refused;

    private:
        admission* of_;
        asio::ip::address from_;
    };

    // Nothing: so many are being refused that this one has to be closed without a word.
    std::optional<place> enter(const asio::ip::address& client);

private:
    std::optional<refusal> judge(const asio::ip::address& from) const;

    const std::size_t in_all_, per_address_;
    std::size_t served_ = 0, refused_ = 0;
    std::map<asio::ip::address, std::size_t> by_address_;  // of those that are served
};

}  // namespace sparkgate::http
