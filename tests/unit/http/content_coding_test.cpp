// gzip and deflate: what is accepted, chosen, and bounded.
#include "http/content_coding.hpp"

#include <gtest/gtest.h>

namespace sparkgate::http {
namespace {

TEST(content_coding, names) {
    EXPECT_EQ(parse_coding("gzip"), coding::gzip);
    EXPECT_EQ(parse_coding("X-GZIP"), coding::gzip);
    EXPECT_EQ(parse_coding("Deflate"), coding::deflate);
    for (const auto* other : {"", "UTF-8", "br", "identity", "gzip, gzip"})
        EXPECT_EQ(parse_coding(other), coding::identity) << other;
}

TEST(content_coding, is_chosen_by_weight_then_gzip) {
    const std::vector<std::pair<const char*, coding>> table{{"", coding::identity},
                                                            {"identity", coding::identity},
                                                            {"br", coding::identity},
                                                            {"gzip", coding::gzip},
                                                            {"gzip, deflate", coding::gzip},
                                                            {"deflate, gzip", coding::gzip},
                                                            {"GZIP;Q=0.5, deflate;q=0.6", coding::deflate},
                                                            {"deflate", coding::deflate},
                                                            {"gzip;q=0", coding::identity},
                                                            {"gzip; q=0, deflate", coding::deflate},
                                                            {"*", coding::gzip},
                                                            {"*;q=0", coding::identity},
                                                            {"gzip;q=0, *", coding::identity},
                                                            {",,gzip,", coding::gzip},
                                                            {"gzip;q=x", coding::identity}};
    for (const auto& [header, expected] : table)
        EXPECT_EQ(choose_coding(header), expected) << header;
}

TEST(content_coding, both_ways) {
    std::string text = "{\"log\":[";
    for (int i = 0; i < 10'000; ++i)
        text += "\"line " + std::to_string(i * 7919) + "\",";
    for (const auto how : {coding::gzip, coding::deflate}) {
        const auto small = compress(text, how);
        EXPECT_LT(small.size(), text.size() / 2);
        EXPECT_EQ(decompress(small, how, text.size()).value(), text);
        EXPECT_EQ(decompress(compress("", how), how, 0).value(), "");
    }
    EXPECT_EQ(compress(text, coding::gzip).substr(0, 2), "\x1f\x8b");
}

TEST(content_coding, a_bomb_is_stopped_at_the_limit) {
    const auto bomb = compress(std::string(50u << 20, 'x'), coding::gzip);
    ASSERT_LT(bomb.size(), 300'000U);
    EXPECT_EQ(decompress(bomb, coding::gzip, 1 << 20).error().code, errc::too_large);
}

TEST(content_coding, what_is_no_stream_is_refused) {
    const auto good = compress("hello", coding::gzip);
    for (const auto& bad : {std::string("{}"), std::string(), good.substr(0, good.size() - 1), good + "x",
                            compress("hello", coding::deflate)})
        EXPECT_EQ(decompress(bad, coding::gzip, 100).error().code, errc::invalid_argument) << bad.size();
    EXPECT_EQ(decompress("{}", coding::deflate, 100).error().message,
              "the request body is not a valid deflate stream");
}

}  // namespace
}  // namespace sparkgate::http
