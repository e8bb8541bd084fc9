#include "sparkgate/base/json.hpp"

namespace sparkgate {

namespace {

// nlohmann's parser takes a zero byte for the end of the text and would pass over whatever follows it.
bool has_zero(std::string_view text) {
    return text.find('\0') != std::string_view::npos;
}

struct too_deep {};

}  // namespace

result<json> parse_json(std::string_view text, int max_depth) {
    if (has_zero(text)) return fail(errc::invalid_argument, "JSON must not contain zero bytes");
    // Thrown and not just remembered: the rest of a text made of brackets would cost many times its size.
    const auto check_depth = [=](int depth, json::parse_event_t event, json&) {
        const bool opens =
            event == json::parse_event_t::array_start || event == json::parse_event_t::object_start;
        if (opens && depth >= max_depth) throw too_deep();
        return true;
    };
    std::string problem;
    json value;
    try {
        value = json::parse(text, check_depth);
    } catch (const json::parse_error& e) {
        problem = e.what();
    } catch (const too_deep&) {
        problem = "JSON is nested deeper than " + std::to_string(max_depth);
    }
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

bool is_json(std::string_view text) {
    const bool has_byte_order_mark = text.starts_with("\xEF\xBB\xBF");
    return !has_byte_order_mark && !has_zero(text) && json::accept(text);
}

}  // namespace sparkgate
