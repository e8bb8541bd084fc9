// Refuses what a web page has a browser send, unless the page is the server's own or its origin is allowed:
// the page_rules applied to a request, and the headers with which an allowed page is told so (CORS). Pure.
#pragma once

#include "http/wire_guard.hpp"

#include "sparkgate/http/message.hpp"
#include "sparkgate/http/page_rules.hpp"

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sparkgate::http {

class page_guard {
public:
    explicit page_guard(const page_rules& rules);

    // Whether the server goes by this Host. `reached_at`: where the connection came in. A page of a name
    // whose address its owner has changed to ours (DNS rebinding) is a stranger that browsers take for our
    // own.
    std::optional<refusal> check_host(std::string_view host, const asio::ip::address& reached_at) const;

    struct verdict {
        std::optional<refusal> refused;
        std::string_view allowed_origin;  // of a page of another site that may read the answer; else empty
    };
    // Whether the request's page may send it. `tls`: the connection has it.
    verdict check_page(const request& what, bool tls) const;

    bool knows_origins() const { return !origins_.empty(); }

private:
    bool serves(std::string_view host) const;

    const bool any_host_;
    std::vector<std::string> hosts_, suffixes_, origins_;  // all as normal_host and normal_origin spell them
};

// The answer to the question whether `what` may be sent, which browsers ask for an allowed page first;
// nothing: it is no such question. `methods`: as an Allow header has them.
std::optional<response> preflight(const request& what, std::string_view methods);

// Lets the page of `origin` read the answer.
void show_to(std::string_view origin, response& answer);

// The host of a Host value or authority, as one compares it: a name in lower case without a dot at its end,
// an address in its shortest spelling without brackets and zone, IPv4 also where it was mapped into IPv6.
std::string normal_host(std::string_view authority);

}  // namespace sparkgate::http
