#include "sparkgate/process/spark_ui.hpp"

#include "sparkgate/base/json.hpp"
#include "sparkgate/process/application_words.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <ifaddrs.h>
#include <memory>
#include <netinet/in.h>

namespace sparkgate::process {
namespace {

using asio::ip::tcp;

constexpr std::size_t largest_answer = 1 << 20;
constexpr std::size_t most_addresses = 32;
constexpr auto patience = std::chrono::seconds(5);

error no_ui() {
    return fail(errc::unavailable, "this is not Spark's UI");
}

// The body of a 200. HTTP/1.0: the answer ends with the connection and is never chunked.
awaitable<result<std::string>> exchange(tcp::socket& socket, tcp::endpoint server, std::string path) {
    auto [connect_failed] = co_await socket.async_connect(server, as_tuple);
    if (connect_failed) co_return no_ui();
    const std::string request = "GET " + path + " HTTP/1.0\r\nAccept: application/json\r\n\r\n";
    const auto out = asio::buffer(request);
    auto [write_failed, written] = co_await asio::async_write(socket, out, as_tuple);
    if (write_failed) co_return no_ui();
    std::string answer;
    auto in = asio::dynamic_buffer(answer, largest_answer);
    auto [read_failed, read] = co_await asio::async_read(socket, in, as_tuple);
    const auto head = answer.find("\r\n\r\n");
    if (read_failed != asio::error::eof || head == std::string::npos ||
        answer.compare(0, 7, "HTTP/1.") != 0 || answer.compare(8, 5, " 200 ") != 0)
        co_return no_ui();
    co_return answer.substr(head + 4);
}

awaitable<result<json>> get(asio::any_io_executor executor, tcp::endpoint at, std::string path) {
    const auto socket = std::make_shared<tcp::socket>(executor);
    asio::steady_timer limit(executor, patience);
    auto give_up = [socket](boost::system::error_code cancelled) {
        boost::system::error_code ignored;
        if (!cancelled) socket->close(ignored);
    };
    limit.async_wait(give_up);
    auto body = co_await exchange(*socket, at, std::move(path));
    if (!body) co_return body.error();
    auto parsed = parse_json(*body);
    if (!parsed) co_return no_ui();
    co_return parsed;
}

std::string id_of(const json& applications) {
    if (!applications.is_array() || applications.empty() || !applications[0].is_object()) return {};
    const auto id = applications[0].find("id");
    if (id == applications[0].end() || !id->is_string()) return {};
    const auto text = id->get<std::string>();
    return is_app_id(text) ? text : std::string();
}

// It becomes part of a URL that users follow.
bool is_host(const std::string& text) {
    return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) ||
               std::string_view("-._[]:").find(static_cast<char>(c)) != std::string_view::npos;
    });
}

std::vector<asio::ip::address> addresses_of_this_host() {
    std::vector<asio::ip::address> out;
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return out;
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(all, ::freeifaddrs);
    for (const auto* each = all; each && out.size() < most_addresses; each = each->ifa_next) {
        if (!each->ifa_addr) continue;
        if (each->ifa_addr->sa_family == AF_INET) {
            const auto* in = reinterpret_cast<const sockaddr_in*>(each->ifa_addr);
            out.emplace_back(asio::ip::address_v4(ntohl(in->sin_addr.s_addr)));
        } else if (each->ifa_addr->sa_family == AF_INET6) {
            const auto* in = reinterpret_cast<const sockaddr_in6*>(each->ifa_addr);
            asio::ip::address_v6::bytes_type bytes;
            std::copy_n(in->sin6_addr.s6_addr, bytes.size(), bytes.begin());
            out.emplace_back(asio::ip::address_v6(bytes, in->sin6_scope_id));
        }
    }
    return out;
}

std::string host_of(const json& environment, const std::string& otherwise) {
    if (environment.is_object() && environment.contains("sparkProperties") &&
        environment["sparkProperties"].is_array())
        for (const auto& pair : environment["sparkProperties"])
            if (pair.is_array() && pair.size() == 2 && pair[0] == "spark.driver.host" &&
                pair[1].is_string() && is_host(pair[1].get<std::string>()))
                return pair[1].get<std::string>();
    return otherwise;
}

}  // namespace

awaitable<result<ui_application>> ask_spark_ui(asio::any_io_executor executor, tcp::endpoint at) {
    const auto applications = co_await get(executor, at, "/api/v1/applications");
    if (!applications) co_return applications.error();
    ui_application out;
    out.app_id = id_of(*applications);
    if (out.app_id.empty()) co_return no_ui();
    const auto environment =
        co_await get(executor, at, "/api/v1/applications/" + out.app_id + "/environment");
    const auto plain = at.address().to_string();
    const auto address = at.address().is_v6() ? "[" + plain + "]" : plain;
    const auto url_on = [port = std::to_string(at.port())](const std::string& host) {
        return "http://" + host + ":" + port;
    };
    out.url = url_on(environment ? host_of(*environment, address) : address);
    if (!is_page_url(out.url)) out.url = url_on(address);
    co_return out;
}

std::vector<asio::ip::address> ui_addresses(const std::vector<std::string>& named) {
    std::vector<asio::ip::address> out;
    const auto add = [&out](const asio::ip::address& each) {
        if (!each.is_unspecified() && std::find(out.begin(), out.end(), each) == out.end())
            out.push_back(each);
    };
    for (const auto& text : named) {
        boost::system::error_code no_address;
        const auto address = asio::ip::make_address(text, no_address);
        if (!no_address) add(address);
    }
    add(asio::ip::address_v4::loopback());
    for (const auto& each : addresses_of_this_host())
        add(each);
    return out;
}

}  // namespace sparkgate::process
