// Beast's definitions, compiled once (BOOST_BEAST_SEPARATE_COMPILATION).
//
// Beast 1.81 asserts in parse_chunk_header that five bytes of a last chunk have come where four can have: a
// client that sends "0\r\n\r" alone would end a server that is built with assertions. Without it the parser
// does the right thing there; the assertion alone is passed over, all others hold.
#define BOOST_ENABLE_ASSERT_HANDLER
#include <boost/assert.hpp>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace boost {

inline constexpr std::string_view wrong_assertion = "n >= 5";

void assertion_failed(const char* expression, const char* function, const char* file, long line) {
    if (expression == wrong_assertion && std::string_view(file).ends_with("/basic_parser.ipp")) return;
    std::fprintf(stderr, "%s:%ld: %s: assertion failed: %s\n", file, line, function, expression);
    std::abort();
}

}  // namespace boost

#include <boost/beast/src.hpp>
