#include "http/local_users.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <unistd.h>

namespace sparkgate::http {
namespace {

using boost::asio::ip::tcp;
namespace ip = boost::asio::ip;

// A connection over loopback: its client's end and ours.
struct pair {
    explicit pair(const tcp::endpoint& where) : acceptor(loop, where), client(loop), here(loop) {
        client.connect({client_address(where), acceptor.local_endpoint().port()});
        acceptor.accept(here);
    }

    static ip::address client_address(const tcp::endpoint& where) {
        if (where.address().is_unspecified()) return ip::address_v4::loopback();
        return where.address();
    }

    std::optional<local_users::user_id> user() {
        return local_users().at(here.remote_endpoint(), here.local_endpoint());
    }

    boost::asio::io_context loop;
    tcp::acceptor acceptor;
    tcp::socket client, here;
};

TEST(local_users, knows_who_is_at_the_other_end) {
    EXPECT_EQ(pair({ip::address_v4::loopback(), 0}).user(), ::geteuid());
}

TEST(local_users, knows_it_of_ipv4_on_a_socket_for_both) {
    EXPECT_EQ(pair({tcp::v6(), 0}).user(), ::geteuid());
}

TEST(local_users, does_not_take_a_socket_without_owner_for_roots) {
    pair both({ip::address_v4::loopback(), 0});
    both.client.close();
    EXPECT_EQ(local_users().at(both.here.remote_endpoint(), both.here.local_endpoint()), std::nullopt);
}

TEST(local_users, does_not_take_a_listener_for_a_client) {
    pair both({ip::address_v4::loopback(), 0});
    const auto listener = both.acceptor.local_endpoint();
    EXPECT_EQ(local_users().at(listener, {ip::address_v4::loopback(), 9}), std::nullopt);
}

TEST(local_users, knows_nobody_elsewhere) {
    EXPECT_EQ(local_users().at({ip::make_address("192.0.2.1"), 40000}, {ip::address_v4::loopback(), 8998}),
              std::nullopt);
}

}  // namespace
}  // namespace sparkgate::http
