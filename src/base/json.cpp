#include "sparkgate/base/json.hpp"

namespace sparkgate {

result<json> parse_json(std::string_view text, int max_depth) {
    bool too_deep = false;
    std::string problem;
    json value;
    try {
        value = json::parse(text, [&](int depth, json::parse_event_t, json&) {
            if (depth > max_depth) too_deep = true;
            return !too_deep;
        });
    } catch (const json::parse_error& e) {
        problem = e.what();
    }
    if (too_deep) return fail(errc::invalid_argument, "JSON is nested deeper than " + std::to_string(max_depth));
    if (!problem.empty()) return fail(errc::invalid_argument, std::move(problem));
    // A json value converts to nearly everything: say which alternative is meant.
    return result<json>(boost::system::in_place_value, std::move(value));
}

std::string dump_json(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void append_json_string(std::string& out, std::string_view text) {
    out += dump_json(json(std::string(text)));
}

bool is_json(std::string_view text) { return json::accept(text); }

}  // namespace sparkgate
