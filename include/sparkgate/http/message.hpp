// Requests and responses as handlers see them: plain values, no Beast.
#pragma once

#include "sparkgate/http/stream.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sparkgate::http {

enum class method { get, head, post, put, patch, delete_, options };

std::string_view to_string(method verb);

// Of a client whose certificate was verified; else both are empty.
struct client_certificate {
    std::string subject;      // the whole name, RFC 4514: "CN=alice,OU=etl"
    std::string common_name;  // "alice"; empty where the subject has none, or several
};

struct request {
    // What the client means, and what the request line says: POST where an override named the other.
    method verb = method::get, sent_verb = method::get;
    std::string target;                                      // as sent, for logs
    unsigned version = 11;                                   // 10 for HTTP/1.0
    std::vector<std::string> path;                           // decoded segments; "//a/b/" gives {"a","b"}
    bool trailing_slash = false;                             // "/sessions/"
    std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
    std::vector<std::pair<std::string, std::string>>
        headers;  // names in lower case, in order; trailers never
    std::string body;
    std::string remote_address;  // "127.0.0.1"
    client_certificate certificate;
    std::string id;  // the request id of answers and log lines

    // First value; nullptr when absent. Header names are given in lower case.
    const std::string* header(std::string_view name) const;
    const std::string* parameter(std::string_view name) const;
};

struct response {
    unsigned status = 200;
    std::string body;
    std::string content_type = "application/json;charset=utf-8";  // empty: no Content-Type header
    std::vector<std::pair<std::string, std::string>> headers;     // Location, Allow, …
    body_producer stream;  // writes the body once the head has been sent; `body` does not count then
};

// The standard reason phrase ("Not Found").
std::string_view reason(unsigned status);

}  // namespace sparkgate::http
