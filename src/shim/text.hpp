// Text of bounded length without heap: what the shim writes into its small files. Too long text is cut.
#pragma once

#include <cstddef>
#include <string_view>

namespace sparkgate::shim {

class text {
public:
    text& add(std::string_view part);
    text& add_number(unsigned long long number);
    // `part` as a JSON string with its quotes. Bytes that are not valid UTF-8 become '?'; a string that does
    // not fit is cut so that the quotes and the rest of a small object still do.
    text& add_json(std::string_view part);

    std::string_view view() const { return {data_, size_}; }
    const char* c_str();  // a path, for example

private:
    static constexpr std::size_t capacity = 8192;
    static constexpr std::size_t reserve = 256;  // kept free by add_json for what follows it

    char data_[capacity + 1];
    std::size_t size_ = 0;
};

}  // namespace sparkgate::shim
