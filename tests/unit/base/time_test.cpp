#include "sparkgate/base/time.hpp"

#include <gtest/gtest.h>

namespace sparkgate {
namespace {

using std::chrono::milliseconds;

TEST(time_text, is_in_the_largest_unit_without_a_rest) {
    for (const auto* text : {"0s", "1ms", "999ms", "1s", "1500ms", "59s", "1m", "90s", "59m", "1h", "90m",
                             "8h", "1d", "25h", "400d"})
        EXPECT_EQ(time_text(parse_time(text).value()), text);
    EXPECT_EQ(time_text(milliseconds(60'000)), "1m") << "not 1min";
    EXPECT_EQ(time_text(milliseconds(1)), "1ms") << "never without a unit";
}

TEST(time_text, is_read_as_the_same_time) {
    for (std::int64_t count = 1; count < INT64_MAX / 1'000'000 / 7; count = count * 7 + 3)
        EXPECT_EQ(parse_time(time_text(milliseconds(count))), milliseconds(count));
}

}  // namespace
}  // namespace sparkgate
