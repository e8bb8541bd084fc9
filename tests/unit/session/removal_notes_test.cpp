#include "sparkgate/session/removal_notes.hpp"

#include <gtest/gtest.h>

namespace sparkgate::session {
namespace {

TEST(removal_notes, are_found_by_id_and_by_name) {
    removal_notes notes;
    notes.add(3, "etl", "idle for 1h");
    notes.add(4, std::nullopt, "no heartbeat for 60 s");
    EXPECT_EQ(notes.why(3), "idle for 1h");
    EXPECT_EQ(notes.why("etl"), "idle for 1h");
    EXPECT_EQ(notes.why(4), "no heartbeat for 60 s");
    EXPECT_EQ(notes.why(5), std::nullopt);
    EXPECT_EQ(notes.why("ETL"), std::nullopt);
    EXPECT_EQ(notes.why(""), std::nullopt);
}

TEST(removal_notes, the_newest_of_a_name_counts) {
    removal_notes notes;
    notes.add(1, "etl", "first");
    notes.add(2, "etl", "second");
    EXPECT_EQ(notes.why("etl"), "second");
    EXPECT_EQ(notes.why(1), "first");
}

TEST(removal_notes, a_name_that_is_taken_again_says_nothing_of_the_old_one) {
    removal_notes notes;
    notes.add(1, "etl", "first");
    notes.add(2, "etl", "second");
    notes.add(3, "ml", "third");
    notes.release_name("etl");
    EXPECT_EQ(notes.why("etl"), std::nullopt);
    EXPECT_EQ(notes.why(1), "first");
    EXPECT_EQ(notes.why("ml"), "third");
}

TEST(removal_notes, only_the_newest_are_kept) {
    removal_notes notes;
    const auto count = static_cast<std::int64_t>(removal_notes::kept);
    for (std::int64_t id = 0; id <= count; ++id)
        notes.add(id, std::nullopt, "x");
    EXPECT_EQ(notes.why(0), std::nullopt);
    EXPECT_EQ(notes.why(1), "x");
    EXPECT_EQ(notes.why(count), "x");
}

}  // namespace
}  // namespace sparkgate::session
