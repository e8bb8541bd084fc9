#include "sparkgate/base/json.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <vector>

namespace sparkgate {

namespace {

constexpr std::size_t longest_shown = 40;  // of a text in an error

// nlohmann's parser takes a zero byte for the end of the text and would pass over whatever follows it.
bool has_zero(std::string_view text) {
    return text.find('\0') != std::string_view::npos;
}

// What nlohmann was parsing, and what Jackson says in that case.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> expectations{
    {{"while parsing object key ", "was expecting double-quote to start field name"},
     {"while parsing object separator ", "was expecting a colon to separate field name and value"},
     {"while parsing object ", "was expecting comma to separate Object entries"},
     {"while parsing array ", "was expecting comma to separate Array entries"},
     {"while parsing value ",
      "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"}}};

std::string position(std::string_view text, std::size_t at) {
    const auto before = text.substr(0, at);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto column = at - (before.rfind('\n') + 1) + 1;
    return "\n at [Source: JSON text; line: " + std::to_string(line) + ", column: " + std::to_string(column) +
           "]";
}

// In the words of Jackson, which Livy's users know from its errors.
std::string explain(const json::parse_error& e, std::string_view text) {
    const std::string_view raw = e.what();
    if (e.byte >= 1 && e.byte <= text.size() && raw.find("UTF-8 byte") != std::string_view::npos) {
        const auto bad = static_cast<unsigned char>(text[e.byte - 1]);
        constexpr std::string_view hex = "0123456789abcdef";
        return std::string("Invalid UTF-8 ") + (bad >= 0x80 ? "start" : "middle") + " byte 0x" +
               hex[bad >> 4] + hex[bad & 15] + position(text, e.byte);
    }
    const auto expected = std::find_if(expectations.begin(), expectations.end(), [&](const auto& each) {
        return raw.find(each.first) != std::string_view::npos;
    });
    const std::string hint = expected == expectations.end() ? "" : ": " + std::string(expected->second);
    if (e.byte == 0 || e.byte > text.size()) {
        const bool open_object = raw.find("while parsing object ") != std::string_view::npos;
        return "Unexpected end-of-input" + (open_object ? ": expected close marker for Object" : hint) +
               position(text, text.size());
    }
    const auto byte = static_cast<unsigned char>(text[e.byte - 1]);
    const std::string shown =
        byte < ' ' || byte >= 0x7f ? "CTRL-CHAR" : std::string(1, static_cast<char>(byte));
    return "Unexpected character ('" + shown + "' (code " + std::to_string(byte) + "))" + hint +
           position(text, e.byte);
}

// "[json.exception.out_of_range.406] number overflow parsing '1e999'": the number may be as long as the text.
std::string too_large(const json::out_of_range& e) {
    const std::string_view raw = e.what();
    const auto number = raw.substr(std::min(raw.find('\''), raw.size()));
    const std::string_view more = number.size() > longest_shown ? "…" : "";
    return "Numeric value " + std::string(number.substr(0, longest_shown)) + std::string(more) +
           " out of range";
}

// Thrown, not just remembered: the rest of a text made of brackets would cost many times its size.
struct refused {
    std::string message;
};

// Watches what nlohmann's parser finds.
class guard {
public:
    explicit guard(json_limits limits) : limits_(limits) {}

    void see(int depth, json::parse_event_t event, const json& parsed) {
        using is = json::parse_event_t;
        if (event == is::object_end) keys_.pop_back();
        if (event == is::object_end || event == is::array_end) return;
        if (event == is::key) return see_key(parsed.get_ref<const std::string&>());
        if (++values_ > limits_.values)
            throw refused{"JSON has more than " + std::to_string(limits_.values) + " values"};
        if (event == is::value) return;
        if (depth >= limits_.depth)
            throw refused{"JSON is nested deeper than " + std::to_string(limits_.depth)};
        if (event == is::object_start) keys_.emplace_back();
    }

private:
    void see_key(const std::string& key) {
        if (++key_count_ > limits_.keys)
            throw refused{"JSON has more than " + std::to_string(limits_.keys) + " fields"};
        if (!keys_.back().insert(key).second)
            throw refused{"Duplicate field '" + key.substr(0, longest_shown) + "'"};
    }

    const json_limits limits_;
    std::size_t values_ = 0, key_count_ = 0;
    std::vector<std::unordered_set<std::string>> keys_;  // of the objects that are open
};

}  // namespace

result<json> parse_json(std::string_view text, json_limits limits) {
    if (has_zero(text)) return fail(errc::invalid_argument, "JSON must not contain zero bytes");
    guard watch(limits);
    const auto check = [&watch](int depth, json::parse_event_t event, const json& parsed) {
        watch.see(depth, event, parsed);
        return true;
    };
    std::string problem;
    json value;
    try {
        value = json::parse(text, check);
    } catch (const json::parse_error& e) {
        problem = explain(e, text);
    } catch (const json::out_of_range& e) {
        problem = too_large(e);
    } catch (refused& why) {
        problem = std::move(why.message);
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
