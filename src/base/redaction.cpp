#include "sparkgate/base/redaction.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>

namespace sparkgate {
namespace {

constexpr std::size_t most_atoms = 63;  // positions of an alternative are bits of a word

// Spark 4.1's, which holds that of 3.5.
constexpr std::string_view sparks_words = "secret|password|token|access[.]?key|credential";

bool same_word(std::string_view one, std::string_view lower) {
    return std::equal(one.begin(), one.end(), lower.begin(), lower.end(),
                      [](unsigned char a, char b) { return std::tolower(a) == b; });
}

void add_character(std::bitset<256>& to, char c) {
    const auto byte = static_cast<unsigned char>(c);
    to.set(byte);
    to.set(static_cast<unsigned char>(std::tolower(byte)));
    to.set(static_cast<unsigned char>(std::toupper(byte)));
}

// Takes one character, class or "." from the front of `rest`; nothing for what is not understood.
std::optional<std::bitset<256>> take_characters(std::string_view& rest) {
    std::bitset<256> out;
    const char first = rest.front();
    rest.remove_prefix(1);
    if (first == '.') return out.set();
    if (first == '[') {
        const auto end = rest.find(']');
        const auto inside = rest.substr(0, end);
        if (end == std::string_view::npos || inside.find_first_of("^-\\[&") != std::string_view::npos)
            return {};
        for (const char c : inside)
            add_character(out, c);
        rest.remove_prefix(end + 1);
        return out;
    }
    if (first == '\\') {
        if (rest.empty() || std::isalnum(static_cast<unsigned char>(rest.front()))) return {};
        add_character(out, rest.front());
        rest.remove_prefix(1);
        return out;
    }
    if (std::string_view("()]{}^$?*+|").find(first) != std::string_view::npos) return {};
    add_character(out, first);
    return out;
}

// "(?i)(a|b)" is "a|b".
std::string_view unwrapped(std::string_view expression) {
    if (expression.starts_with("(?i)")) expression.remove_prefix(4);
    if (!expression.starts_with('(') || !expression.ends_with(')')) return expression;
    expression = expression.substr(1, expression.size() - 2);
    if (expression.starts_with("?:")) expression.remove_prefix(2);
    return expression;
}

// Where a user's name alone before the "@" is a secret as well: tokens are given so.
bool is_web_scheme(std::string_view scheme) {
    for (const auto each : {"http", "https", "ftp", "sftp", "git", "ssh"})
        if (same_word(scheme, each)) return true;
    return false;
}

std::string_view scheme_before(std::string_view text, std::size_t colon) {
    std::size_t begin = colon;
    while (begin > 0 && std::isalnum(static_cast<unsigned char>(text[begin - 1])))
        --begin;
    return text.substr(begin, colon - begin);
}

}  // namespace

std::string without_userinfo(std::string_view text) {
    constexpr std::string_view mark = "://";
    std::string out;
    std::size_t done = 0;
    for (auto at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + mark.size())) {
        const std::size_t begin = at + mark.size();
        const auto authority = text.substr(begin, text.find_first_of("/?#,;\"'", begin) - begin);
        const auto end = authority.rfind('@');
        if (begin < done || end == std::string_view::npos) continue;
        const bool has_password = authority.substr(0, end).find(':') != std::string_view::npos;
        if (!has_password && !is_web_scheme(scheme_before(text, at))) continue;
        out.append(text.substr(done, begin - done)).append(redacted);
        done = begin + end;
    }
    return out.append(text.substr(done));
}

redactor::redactor() {
    add(sparks_words);
}

bool redactor::add(std::string_view expression) {
    std::vector<alternative> read(1);
    for (auto rest = unwrapped(expression); !rest.empty();) {
        if (rest.front() == '|') {
            rest.remove_prefix(1);
            read.emplace_back();
            continue;
        }
        const auto characters = take_characters(rest);
        if (!characters || read.back().size() == most_atoms) return false;
        atom one{*characters};
        if (!rest.empty() && std::string_view("?*+").find(rest.front()) != std::string_view::npos) {
            one.may_be_absent = rest.front() != '+';
            one.may_repeat = rest.front() != '?';
            rest.remove_prefix(1);
        }
        read.back().push_back(one);
    }
    // What matches everything would hide everything; Spark takes it, so that it counts here as well.
    alternatives_.insert(alternatives_.end(), read.begin(), read.end());
    return true;
}

bool redactor::is_secret(std::string_view text) const {
    return std::any_of(alternatives_.begin(), alternatives_.end(),
                       [text](const alternative& each) { return found(each, text); });
}

// All ways to read the text at the same time: bit n says that the first n atoms may have been read.
bool redactor::found(const alternative& wanted, std::string_view text) {
    const std::uint64_t whole = std::uint64_t{1} << wanted.size();
    const auto skip_absent = [&wanted](std::uint64_t states) {
        for (std::size_t n = 0; n < wanted.size(); ++n)
            if ((states >> n & 1) && wanted[n].may_be_absent) states |= std::uint64_t{2} << n;
        return states;
    };
    const std::uint64_t begin = skip_absent(1);
    std::uint64_t states = begin;
    for (const unsigned char c : text) {
        if (states & whole) return true;
        if (states == 1 && begin == 1 && !wanted.front().characters.test(c)) continue;  // nearly always
        std::uint64_t next = 0;
        for (std::size_t n = 0; n < wanted.size(); ++n)
            if ((states >> n & 1) && wanted[n].characters.test(c))
                next |= (std::uint64_t{2} << n) | (wanted[n].may_repeat ? std::uint64_t{1} << n : 0);
        states = skip_absent(next) | begin;
    }
    return (states & whole) != 0;
}

std::string redactor::conf_value(std::string_view key, std::string_view value) const {
    if (is_secret(key) || is_secret(value)) return std::string(redacted);
    return without_userinfo(value);
}

std::string redactor::uri(std::string_view text) const {
    const auto query = text.find('?');
    if (query == std::string_view::npos || !is_secret(text.substr(query))) return without_userinfo(text);
    return without_userinfo(text.substr(0, query + 1)).append(redacted);
}

}  // namespace sparkgate
