#include "http/local_users.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace sparkgate::http {
namespace {

namespace ip = boost::asio::ip;

// Where an IPv4 client reached a server that listens for both, the kernel has it under IPv4.
ip::address plain(const ip::address& from) {
    if (!from.is_v6() || !from.to_v6().is_v4_mapped()) return from;
    return ip::make_address_v4(ip::v4_mapped, from.to_v6());
}

void copy(const ip::address& from, __be32 (&to)[4]) {
    if (from.is_v4()) {
        const auto bytes = from.to_v4().to_bytes();
        std::memcpy(to, bytes.data(), bytes.size());
    } else {
        const auto bytes = from.to_v6().to_bytes();
        std::memcpy(to, bytes.data(), bytes.size());
    }
}

struct question {
    nlmsghdr head{};
    inet_diag_req_v2 body{};
};

// For the socket whose own end is `client`.
question ask_for(const ip::tcp::endpoint& client, const ip::tcp::endpoint& here) {
    question out;
    out.head.nlmsg_len = sizeof out;
    out.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    out.head.nlmsg_flags = NLM_F_REQUEST;
    const auto source = plain(client.address()), target = plain(here.address());
    out.body.sdiag_family = source.is_v4() ? AF_INET : AF_INET6;
    out.body.sdiag_protocol = IPPROTO_TCP;
    out.body.idiag_states = ~0U;
    out.body.id.idiag_sport = htons(client.port());
    out.body.id.idiag_dport = htons(here.port());
    copy(source, out.body.id.idiag_src);
    copy(target, out.body.id.idiag_dst);
    if (source.is_v6()) out.body.id.idiag_if = static_cast<__u32>(source.to_v6().scope_id());
    std::fill(std::begin(out.body.id.idiag_cookie), std::end(out.body.id.idiag_cookie), INET_DIAG_NOCOOKIE);
    return out;
}

}  // namespace

local_users::local_users()
    : kernel_(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG)) {}

std::optional<local_users::user_id> local_users::at(const ip::tcp::endpoint& client,
                                                    const ip::tcp::endpoint& here) {
    const auto address = plain(client.address());
    if (!address.is_loopback() && client.address() != here.address()) return std::nullopt;
    auto asked = ask_for(client, here);
    asked.head.nlmsg_seq = ++asked_;
    if (::send(kernel_.get(), &asked, sizeof asked, 0) != static_cast<ssize_t>(sizeof asked))
        return std::nullopt;
    struct {
        nlmsghdr head;
        inet_diag_msg body;
        char rest[512];
    } answer{};
    do {
        const auto size = ::recv(kernel_.get(), &answer, sizeof answer, 0);
        if (size < static_cast<ssize_t>(sizeof answer.head + sizeof answer.body)) return std::nullopt;
    } while (answer.head.nlmsg_seq != asked_);
    if (answer.head.nlmsg_type != SOCK_DIAG_BY_FAMILY) return std::nullopt;
    // A socket that is not open any more has no user, which would look like root; a listener is somebody
    // else.
    if (answer.body.idiag_state != TCP_ESTABLISHED) return std::nullopt;
    return answer.body.idiag_uid;
}

}  // namespace sparkgate::http
