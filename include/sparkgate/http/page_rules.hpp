// Which web pages may use the server: a browser sends requests for whatever page is open in it, with the
// user's network and the user's credentials. docs/security.md tells why each rule is there.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sparkgate::http {

struct page_rules {
    // Names and addresses by which requests may call the server, besides loopback and the address that the
    // connection came in on; "*.example.org" is every name below that one. Nothing: any, for servers that ask
    // for a credential that no browser adds by itself.
    std::optional<std::vector<std::string>> hosts;
    // Whose pages may send requests and read the answers: "https://notebook.example.org".
    std::vector<std::string> origins;
};

// Whether a text can stand in those lists. Pure.
bool is_host_rule(std::string_view text);
bool is_origin_rule(std::string_view text);

}  // namespace sparkgate::http
