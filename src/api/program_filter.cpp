#include "program_filter.hpp"

#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <boost/algorithm/string/trim.hpp>

#include <algorithm>
#include <charconv>

namespace sparkgate::api {
namespace {

result<std::vector<session::session_state>> parse_states(const std::string& text) {
    std::vector<std::string> words;
    boost::split(words, text, boost::is_any_of(","));
    std::vector<session::session_state> out;
    for (auto& word : words) {
        boost::trim(word);
        const auto state = session::parse_session_state(word);
        if (!state) {
            std::string known;
            for (const auto each : session::all_session_states)
                known += (known.empty() ? "" : ", ") + std::string(to_string(each));
            return fail(errc::invalid_argument, "state: \"" + word + "\" is none of " + known);
        }
        out.push_back(*state);
    }
    return out;
}

result<epoch_ms> parse_since(const std::string& text) {
    epoch_ms out = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (ec == std::errc() && end == text.data() + text.size()) return out;
    return fail(errc::invalid_argument,
                "since: expected milliseconds since the epoch, found \"" + text + "\"");
}

std::optional<std::string> text_parameter(const http::request& from, std::string_view name) {
    const auto* text = from.parameter(name);
    return text ? std::optional(*text) : std::nullopt;
}

}  // namespace

bool program_filter::matches(const session::program& one) const {
    if (!states.empty() && std::find(states.begin(), states.end(), one.state()) == states.end()) return false;
    return (!owner || one.owner() == owner) && (!name || one.name() == name) &&
           (!since || one.created() >= *since);
}

result<program_filter> parse_filter(const http::request& from) {
    program_filter out;
    if (const auto* text = from.parameter("state")) {
        auto states = parse_states(*text);
        if (!states) return states.error();
        out.states = std::move(*states);
    }
    if (const auto* text = from.parameter("since")) {
        const auto since = parse_since(*text);
        if (!since) return since.error();
        out.since = *since;
    }
    out.owner = text_parameter(from, "owner");
    out.name = text_parameter(from, "name");
    const auto* order = from.parameter("order");
    out.newest_first = order && boost::to_lower_copy(boost::trim_copy(*order)) == "desc";
    return out;
}

}  // namespace sparkgate::api
