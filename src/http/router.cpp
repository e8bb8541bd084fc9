#include "sparkgate/http/router.hpp"

#include <stdexcept>

namespace sparkgate::http {
namespace {

bool is_name(std::string_view segment) {
    return segment.starts_with('{');
}

std::vector<std::string> segments_of(std::string_view pattern) {
    if (!pattern.starts_with('/'))
        throw std::invalid_argument("a route begins with a slash: " + std::string(pattern));
    std::vector<std::string> out;
    pattern.remove_prefix(1);
    while (!pattern.empty()) {
        const auto end = pattern.find('/');
        out.emplace_back(pattern.substr(0, end));
        pattern = end == std::string_view::npos ? std::string_view{} : pattern.substr(end + 1);
    }
    return out;
}

bool serves(method offered, method asked) {
    return offered == asked || (offered == method::get && asked == method::head);
}

void add_to_allow(std::string& allow, method verb) {
    const auto name = to_string(verb);
    if (allow.find(name) != std::string::npos) return;
    if (!allow.empty()) allow += ", ";
    allow += name;
    if (verb == method::get) allow += ", HEAD";
}

}  // namespace

router::router(std::vector<route> routes) : routes_(std::move(routes)) {
    for (const auto& each : routes_)
        patterns_.push_back(segments_of(each.pattern));
}

std::optional<unsigned> router::score(const std::vector<std::string>& pattern,
                                      const std::vector<std::string>& path) {
    if (pattern.size() != path.size()) return std::nullopt;
    unsigned literals = 0;
    for (std::size_t i = 0; i < path.size(); ++i) {
        const bool literal = pattern[i] == path[i];
        if (!literal && (!is_name(pattern[i]) || path[i].empty())) return std::nullopt;
        literals = literals << 1 | (literal ? 1U : 0U);
    }
    return literals;
}

std::string router::methods() const {
    std::string allow;
    for (const auto& each : routes_)
        add_to_allow(allow, each.verb);
    return allow;
}

std::variant<router::match, router::wrong_method, router::no_route> router::find(const request& what) const {
    std::optional<std::size_t> best;
    unsigned best_score = 0;
    std::string allow;
    for (std::size_t i = 0; i < routes_.size(); ++i) {
        const auto literals = score(patterns_[i], what.path);
        if (!literals) continue;
        if (!serves(routes_[i].verb, what.verb)) {
            add_to_allow(allow, routes_[i].verb);
        } else if (!best || *literals > best_score) {
            best = i;
            best_score = *literals;
        }
    }
    if (best) {
        path_values values;
        for (std::size_t i = 0; i < what.path.size(); ++i)
            if (is_name(patterns_[*best][i])) values.push_back(what.path[i]);
        return match{&routes_[*best], std::move(values)};
    }
    if (!allow.empty()) return wrong_method{std::move(allow)};
    return no_route{};
}

}  // namespace sparkgate::http
