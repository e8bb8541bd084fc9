// What fuzz targets share. A target is one source file that defines LLVMFuzzerTestOneInput; it is linked with
// libFuzzer (scripts/fuzz) or with run_corpus.cpp (a plain test).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace sparkgate::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

// A broken promise is a finding: it ends the process, as a sanitizer's report does.
inline void require(bool holds, std::string_view promise, std::string_view seen = {}) {
    if (holds) return;
    std::cerr << "broken promise: " << promise << "\n" << seen << std::endl;
    std::abort();
}

// The text up to the first `separator`, which both are removed from `rest`.
inline std::string_view take_until(std::string_view& rest, char separator) {
    const auto end = rest.find(separator);
    const auto head = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return head;
}

}  // namespace sparkgate::fuzz
