// Which codes and outputs of ended statements stay in memory.
#include "sparkgate/session/kept_texts.hpp"

#include <gtest/gtest.h>

namespace sparkgate::session {
namespace {

std::shared_ptr<statement> ended(std::size_t code, std::size_t output) {
    auto out = std::make_shared<statement>();
    out->code = std::string(code, 'c');
    out->output = std::string(output, 'o');
    return out;
}

bool is_kept(const statement& one) {
    EXPECT_EQ(one.code.has_value(), !one.code_in_store);
    EXPECT_EQ(one.output.has_value(), !one.output_in_store);
    return one.code && one.output;
}

TEST(kept_texts, the_newest_that_fit) {
    kept_texts kept(30'000);
    std::vector<std::shared_ptr<statement>> all;
    for (int i = 0; i < 6; ++i) {
        all.push_back(ended(4000, 5000));
        kept.add(all.back());
    }
    for (std::size_t i = 0; i < all.size(); ++i)
        EXPECT_EQ(is_kept(*all[i]), i >= 3) << i;
}

TEST(kept_texts, large_ones_are_not_kept_at_all) {
    kept_texts kept;
    const auto large_code = ended(kept_texts::largest + 1, 10),
               large_output = ended(10, kept_texts::largest + 1);
    kept.add(large_code);
    kept.add(large_output);
    EXPECT_TRUE(large_code->code_in_store && !large_code->output_in_store && large_code->output);
    EXPECT_TRUE(large_output->output_in_store && !large_output->code_in_store && large_output->code);
}

TEST(kept_texts, a_forgotten_statement_has_its_turn_like_others) {
    kept_texts kept(20'000);
    kept.add(ended(5000, 5000));
    const auto newest = ended(9000, 9000);
    kept.add(newest);
    EXPECT_TRUE(is_kept(*newest));
}

TEST(kept_texts, an_absent_output_is_not_in_the_store) {
    kept_texts kept(0);
    const auto cancelled = std::make_shared<statement>();
    cancelled->code = "1";
    kept.add(cancelled);
    EXPECT_TRUE(cancelled->code_in_store);
    EXPECT_FALSE(cancelled->output_in_store);
}

}  // namespace
}  // namespace sparkgate::session
