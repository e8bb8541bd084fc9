#include "sparkgate/base/host_names.hpp"

#include "sparkgate/base/files.hpp"

#include <boost/algorithm/string/predicate.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <limits.h>
#include <memory>
#include <netinet/in.h>
#include <sstream>
#include <unistd.h>

namespace sparkgate {
namespace {

std::string text_of(const sockaddr* from) {
    char text[INET6_ADDRSTRLEN] = "";
    if (from && from->sa_family == AF_INET)
        ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(from)->sin_addr, text, sizeof text);
    if (from && from->sa_family == AF_INET6)
        ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(from)->sin6_addr, text, sizeof text);
    return text;
}

std::vector<std::string> words_of(std::string line) {
    std::vector<std::string> out;
    std::istringstream in(line.erase(std::min(line.find('#'), line.size())));
    for (std::string word; in >> word;)
        out.push_back(std::move(word));
    return out;
}

}  // namespace

std::vector<std::string> names_beside(std::string_view name, std::string_view hosts_file) {
    std::vector<std::string> out;
    std::istringstream in{std::string(hosts_file)};
    for (std::string line; std::getline(in, line);) {
        const auto words = words_of(std::move(line));
        const auto is_name = [name](const std::string& word) { return boost::iequals(word, name); };
        if (words.empty() || std::none_of(words.begin() + 1, words.end(), is_name)) continue;
        out.insert(out.end(), words.begin() + 1, words.end());
    }
    return out;
}

std::vector<std::string> own_host_names() {
    char name[HOST_NAME_MAX + 1] = "";
    if (::gethostname(name, sizeof name) != 0 || !*name) return {};
    const auto file = read_file("/etc/hosts");
    auto out = names_beside(name, file ? *file : std::string());
    out.emplace_back(name);
    return out;
}

std::vector<std::string> own_addresses() {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return {};
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, ::freeifaddrs);
    std::vector<std::string> out;
    for (const auto* each = list; each; each = each->ifa_next)
        if (auto text = text_of(each->ifa_addr); !text.empty()) out.push_back(std::move(text));
    return out;
}

}  // namespace sparkgate
