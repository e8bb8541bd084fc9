#include "sparkgate/process/java_properties.hpp"

#include <algorithm>
#include <charconv>

namespace sparkgate::process {
namespace {

constexpr std::string_view blanks = " \t\f";

bool is_blank(char c) {
    return blanks.find(c) != std::string_view::npos;
}

void append_utf8(std::string& out, char32_t c) {
    const auto tail = [&out, c](int shift) { out += static_cast<char>(0x80 | ((c >> shift) & 0x3f)); };
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xc0 | (c >> 6));
        tail(0);
    } else if (c < 0x10000) {
        out += static_cast<char>(0xe0 | (c >> 12));
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xf0 | (c >> 18));
        tail(12);
        tail(6);
        tail(0);
    }
}

class reader {
public:
    explicit reader(std::string_view text) : text_(text) {}

    conf_map read() {
        conf_map out;
        while (at_ < text_.size()) {
            skip(blanks);
            if (at_ < text_.size() && (text_[at_] == '#' || text_[at_] == '!')) {
                at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
                continue;
            }
            if (at_end_of_line()) {
                ++at_;
                continue;
            }
            std::string key = word(" \t\f=:");
            skip_blanks_and_joints();
            if (at_ < text_.size() && (text_[at_] == '=' || text_[at_] == ':')) ++at_;
            skip_blanks_and_joints();
            out[std::move(key)] = word("");
        }
        return out;
    }

private:
    bool at_end_of_line() const { return at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '\r'; }

    void skip(std::string_view which) { at_ = std::min(text_.find_first_not_of(which, at_), text_.size()); }

    // A backslash at the end of a line joins the next one, without the blanks that it begins with.
    bool skip_joint() {
        if (text_[at_] != '\\' || at_ + 1 >= text_.size()) return false;
        std::size_t next = at_ + 1;
        if (text_[next] != '\n' && text_[next] != '\r') return false;
        next += text_.substr(next).starts_with("\r\n") ? 2 : 1;
        at_ = next;
        skip(blanks);
        return true;
    }

    void skip_blanks_and_joints() {
        while (at_ < text_.size() && (is_blank(text_[at_]) || skip_joint()))
            if (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    }

    // Up to the end of the line or one of `ends`, without escapes.
    std::string word(std::string_view ends) {
        std::string out;
        while (!at_end_of_line() && ends.find(text_[at_]) == std::string_view::npos) {
            if (text_[at_] != '\\')
                out += text_[at_++];
            else if (!skip_joint())
                escape(out);
        }
        return out;
    }

    void escape(std::string& out) {
        if (++at_ >= text_.size()) return;
        const char c = text_[at_++];
        static constexpr std::string_view names = "tnrf", meanings = "\t\n\r\f";
        if (const auto found = names.find(c); found != std::string_view::npos)
            out += meanings[found];
        else if (c == 'u')
            append_utf8(out, code_point());
        else
            out += c;
    }

    // After "\u": a UTF-16 unit, or a pair of them.
    char32_t code_point() {
        const char32_t first = hex_unit();
        if (first < 0xd800 || first > 0xdbff || !text_.substr(at_).starts_with("\\u")) return first;
        at_ += 2;
        return 0x10000 + ((first - 0xd800) << 10) + (hex_unit() - 0xdc00);
    }

    char32_t hex_unit() {
        const auto digits = text_.substr(at_, 4);
        unsigned value = 0xfffd;
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        at_ += digits.size();
        return value;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

void append_escaped(std::string& out, std::string_view text, bool is_key) {
    bool leading = true;
    for (const char c : text) {
        if (c != ' ') leading = false;
        switch (c) {
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\f':
                out += "\\f";
                break;
            case ' ':
                out += is_key || leading ? "\\ " : " ";
                break;
            case '\\':
                out += "\\\\";
                break;
            default:
                if (is_key && std::string_view("=:#!").find(c) != std::string_view::npos) out += '\\';
                out += c;
        }
    }
}

}  // namespace

conf_map parse_properties(std::string_view text) {
    return reader(text).read();
}

std::string to_properties(const conf_map& conf) {
    std::string out;
    for (const auto& [key, value] : conf) {
        append_escaped(out, key, true);
        out += '=';
        append_escaped(out, value, false);
        out += '\n';
    }
    return out;
}

}  // namespace sparkgate::process
