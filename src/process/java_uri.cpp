#include "java_uri.hpp"

#include "sparkgate/base/redaction.hpp"

#include <algorithm>

namespace sparkgate::process {
namespace {

constexpr std::string_view in_path = "_-!.~'()*:@&=+$,;/";
constexpr std::string_view in_query = "_-!.~'()*:@&=+$,;/?[]";  // also fragments and opaque parts
constexpr std::string_view in_authority = "_-!.~'()*:@&=+$,;[]";
constexpr std::string_view hex_digits = "0123456789abcdefABCDEF";

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Java counts UTF-16 units.
std::size_t java_index(std::string_view text, std::size_t bytes) {
    std::size_t units = 0;
    for (const char each : text.substr(0, bytes)) {
        const auto byte = static_cast<unsigned char>(each);
        if ((byte & 0xc0) != 0x80) units += byte >= 0xf0 ? 2 : 1;
    }
    return units;
}

// The steps of java.net.URI's parser in its order, so that of several faults the same one is reported.
class parser {
public:
    explicit parser(std::string_view text) : text_(text) {}

    result<java_uri> parse() {
        const std::size_t mark = find("/?#:", 0);
        const bool has_scheme = mark < text_.size() && text_[mark] == ':';
        std::size_t at = 0;
        if (has_scheme) {
            read_scheme(mark);
            at = mark + 1;
        }
        if (has_scheme && (at == text_.size() || text_[at] != '/'))
            at = read_opaque(at);
        else
            at = read_hierarchical(at);
        if (at < text_.size()) {
            check(at + 1, text_.size(), in_query, "fragment");
            out_.fragment = text_.substr(at + 1);
        }
        if (error_) return *error_;
        return out_;
    }

private:
    std::size_t find(std::string_view which, std::size_t from) const {
        return std::min(text_.find_first_of(which, from), text_.size());
    }

    void fail_at(const std::string& reason, std::size_t at) {
        if (!error_)
            error_ = fail(errc::invalid_argument, "java.net.URISyntaxException: " + reason + " at index " +
                                                      std::to_string(java_index(text_, at)) + ": " +
                                                      without_userinfo(text_));
    }

    // The first character that is neither a letter, a digit, beyond ASCII, an escape, nor in `also`.
    std::size_t first_illegal(std::size_t begin, std::size_t end, std::string_view also) {
        for (std::size_t i = begin; i < end; ++i) {
            const char c = text_[i];
            if (c == '%') {
                const auto digits = text_.substr(i + 1, std::min<std::size_t>(2, end - i - 1));
                if (digits.size() < 2 || digits.find_first_not_of(hex_digits) != std::string_view::npos) {
                    fail_at("Malformed escape pair", i);
                    return end;
                }
            } else if (!is_letter(c) && !is_digit(c) && static_cast<unsigned char>(c) < 0x80 &&
                       also.find(c) == std::string_view::npos) {
                return i;
            }
        }
        return end;
    }

    void check(std::size_t begin, std::size_t end, std::string_view also, const char* what) {
        const auto illegal = first_illegal(begin, end, also);
        if (illegal < end) fail_at(std::string("Illegal character in ") + what, illegal);
    }

    void read_scheme(std::size_t end) {
        if (end == 0) fail_at("Expected scheme name", 0);
        for (std::size_t i = 0; i < end; ++i) {
            const char c = text_[i];
            const bool later = is_digit(c) || c == '+' || c == '-' || c == '.';
            if (!is_letter(c) && (i == 0 || !later)) return fail_at("Illegal character in scheme name", i);
        }
        out_.scheme = text_.substr(0, end);
    }

    std::size_t read_opaque(std::size_t begin) {
        const std::size_t end = find("#", begin);
        if (end == begin) fail_at("Expected scheme-specific part", begin);
        check(begin, end, in_query, "opaque part");
        out_.path = text_.substr(begin, end - begin);
        out_.after_authority = text_.substr(begin);
        return end;
    }

    std::size_t read_hierarchical(std::size_t at) {
        if (text_.substr(at).starts_with("//")) at = read_authority(at + 2);
        std::size_t end = find("?#", at);
        check(at, end, in_path, "path");
        out_.path = text_.substr(at, end - at);
        out_.after_authority = text_.substr(at);
        if (end < text_.size() && text_[end] == '?') {
            const std::size_t query = end + 1;
            end = find("#", query);
            check(query, end, in_query, "query");
        }
        return end;
    }

    std::size_t read_authority(std::size_t begin) {
        const std::size_t end = find("/?#", begin);
        if (begin == text_.size()) fail_at("Expected authority", begin);
        // Java names the beginning of the authority, not the character.
        if (first_illegal(begin, end, in_authority) < end) fail_at("Illegal character in authority", begin);
        out_.authority = text_.substr(begin, end - begin);
        return end;
    }

    std::string_view text_;
    java_uri out_;
    std::optional<error> error_;
};

}  // namespace

result<java_uri> parse_java_uri(std::string_view text) {
    return parser(text).parse();
}

std::string decode_escapes(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
        i += 2;
    }
    return out;
}

}  // namespace sparkgate::process
