#include "text.hpp"

#include <algorithm>
#include <cstring>

namespace sparkgate::shim {

namespace {

// The length of the valid UTF-8 sequence at the start of `s`, 0 if there is none.
std::size_t utf8_length(std::string_view s) {
    const auto lead = static_cast<unsigned char>(s[0]);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xc2 && lead < 0xe0   ? 2
                               : lead >= 0xe0 && lead < 0xf0 ? 3
                               : lead >= 0xf0 && lead < 0xf5 ? 4
                                                             : 0;
    if (length == 0 || s.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((static_cast<unsigned char>(s[i]) & 0xc0) != 0x80) return 0;
    // Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
    const auto second = static_cast<unsigned char>(s[1]);
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return 0;
    if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return 0;
    return length;
}

}  // namespace

text& text::add(std::string_view part) {
    const std::size_t n = std::min(part.size(), capacity - size_);
    std::memcpy(data_ + size_, part.data(), n);
    size_ += n;
    return *this;
}

text& text::add_number(unsigned long long number) {
    char digits[20];
    char* first = digits + sizeof digits;
    do
        *--first = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    return add({first, static_cast<std::size_t>(digits + sizeof digits - first)});
}

text& text::add_json(std::string_view part) {
    static constexpr char hex[] = "0123456789abcdef";
    add("\"");
    while (!part.empty() && size_ + reserve < capacity) {
        const std::size_t n = utf8_length(part);
        const auto c = static_cast<unsigned char>(part[0]);
        if (n == 0) {
            add("?");
        } else if (c == '"' || c == '\\') {
            add("\\").add(part.substr(0, 1));
        } else if (c < 0x20) {
            const char escape[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            add({escape, sizeof escape});
        } else {
            add(part.substr(0, n));
        }
        part.remove_prefix(std::max<std::size_t>(n, 1));
    }
    return add("\"");
}

const char* text::c_str() {
    data_[size_] = 0;
    return data_;
}

}  // namespace sparkgate::shim
