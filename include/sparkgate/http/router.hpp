// Finds the handler of a request in a table of routes. Pure.
#pragma once

#include "sparkgate/base/async.hpp"
#include "sparkgate/http/body_receiver.hpp"
#include "sparkgate/http/message.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sparkgate::http {

// The values of a pattern's {names}, in the pattern's order.
using path_values = std::vector<std::string>;

// Runs on the event loop. The request and the values live until the awaitable has ended. An exception is a
// bug: the connection answers 500 with the request id and logs it.
using handler = std::function<awaitable<response>(const request&, const path_values&)>;

// Instead of a handler: makes what takes the body, once the header is there, or refuses the request before
// the body comes. The request and the values live as long as the receiver.
using receiver_or_refusal = std::variant<std::unique_ptr<body_receiver>, response>;
using receive_function = std::function<awaitable<receiver_or_refusal>(const request&, const path_values&)>;

struct route {
    method verb;
    std::string pattern;  // "/sessions/{id}/statements/{statement}"; "/" is the root
    handler handle;
    receive_function receive = {};               // in its place: for bodies that are too large for memory
    std::optional<std::size_t> body_limit = {};  // bytes; nothing: the server's
};

class router {
public:
    explicit router(std::vector<route> routes);

    struct match {
        const route* found;
        path_values values;
    };
    struct wrong_method {
        std::string allow;  // "POST, GET, HEAD": in the table's order, HEAD after GET
    };
    struct no_route {};

    // HEAD finds GET's route. A literal segment is preferred to a {name}.
    std::variant<match, wrong_method, no_route> find(const request& what) const;

    const std::vector<route>& routes() const { return routes_; }

    // Every method that some route has, as an Allow header spells them.
    std::string methods() const;

private:
    // How literally the pattern matches the path: one bit a segment, earlier segments weigh more.
    static std::optional<unsigned> score(const std::vector<std::string>& pattern,
                                         const std::vector<std::string>& path);

    std::vector<route> routes_;
    std::vector<std::vector<std::string>> patterns_;  // the segments of routes_
};

}  // namespace sparkgate::http
