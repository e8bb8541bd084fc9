#include "sparkgate/session/launch_queue.hpp"

#include <gmock/gmock.h>

#include <stdexcept>
#include <vector>

namespace sparkgate::session {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class launch_queue_test : public testing::Test {
protected:
    // Comes with a name; `started` tells in which order turns came.
    launch_queue::place& come(launch_queue& queue, const std::string& name, const std::string& owner = "") {
        auto place = queue.reserve();
        EXPECT_TRUE(place) << name;
        places[name] = std::move(*place);
        places[name].wait(owner, [this, name] { started.push_back(name); });
        return places[name];
    }
    void leave(const std::string& name) { places.at(name).leave(); }

    std::vector<std::string> started;
    std::map<std::string, launch_queue::place> places;
};

TEST_F(launch_queue_test, a_turn_that_throws_does_not_stop_the_queue) {
    launch_queue queue(1, 10);
    auto bad = queue.reserve().value();
    EXPECT_THROW(bad.wait("", [] { throw std::runtime_error("a bug"); }), std::runtime_error);
    come(queue, "next");
    EXPECT_THAT(started, IsEmpty()) << "the place is taken until it is left";
    bad.leave();
    EXPECT_THAT(started, ElementsAre("next"));
    leave("next");
}

TEST_F(launch_queue_test, as_many_as_may_start_at_once_and_the_others_in_their_order) {
    launch_queue queue(2, 10);
    for (const auto* name : {"a", "b", "c", "d"})
        come(queue, name);
    EXPECT_THAT(started, ElementsAre("a", "b"));
    EXPECT_EQ(queue.starting(), 2u);
    EXPECT_EQ(queue.waiting(), 2u);
    leave("b");
    EXPECT_THAT(started, ElementsAre("a", "b", "c"));
    leave("a");
    EXPECT_THAT(started, ElementsAre("a", "b", "c", "d"));
    leave("c");
    leave("d");
    EXPECT_EQ(queue.starting(), 0u);
    EXPECT_EQ(queue.waiting(), 0u);
    places.clear();
}

TEST_F(launch_queue_test, owners_take_turns) {
    launch_queue queue(1, 10);
    come(queue, "first", "ann");
    for (const auto* name : {"a1", "a2", "a3"})
        come(queue, name, "ann");
    come(queue, "b1", "bob");
    come(queue, "c1", "eve");
    come(queue, "b2", "bob");
    for (const auto* name : {"first", "a1", "b1", "c1", "a2", "b2", "a3"}) {
        EXPECT_EQ(started.back(), name);
        leave(name);
    }
    places.clear();
}

TEST_F(launch_queue_test, who_leaves_while_waiting_never_has_a_turn) {
    launch_queue queue(1, 10);
    come(queue, "a");
    come(queue, "b", "bob");
    come(queue, "c");
    leave("b");
    EXPECT_EQ(queue.waiting(), 1u);
    leave("a");
    EXPECT_THAT(started, ElementsAre("a", "c"));
    places.clear();
}

TEST_F(launch_queue_test, no_more_places_than_may_start_and_wait) {
    launch_queue queue(1, 1);
    auto first = queue.reserve(), second = queue.reserve();
    EXPECT_TRUE(first && second);
    EXPECT_FALSE(queue.reserve()) << "a reserved place counts before its wait()";
    first->leave();
    EXPECT_TRUE(queue.reserve());
    launch_queue none_waits(1, 0);
    auto only = none_waits.reserve();
    EXPECT_TRUE(only);
    EXPECT_FALSE(none_waits.reserve());
}

TEST_F(launch_queue_test, a_place_that_is_destroyed_or_overwritten_is_left) {
    launch_queue queue(1, 1);
    {
        auto place = queue.reserve();
        EXPECT_EQ(queue.waiting(), 1u);
    }
    EXPECT_EQ(queue.waiting(), 0u);
    auto place = *queue.reserve();
    place = launch_queue::place();
    EXPECT_EQ(queue.waiting(), 0u);
    place.leave();
    EXPECT_EQ(queue.waiting(), 0u);
}

TEST_F(launch_queue_test, a_thousand_turns_that_end_at_once_do_not_stand_on_each_other) {
    launch_queue queue(1, 1000);
    come(queue, "first");
    std::vector<launch_queue::place> others(1000);
    int depth = 0, deepest = 0;
    for (auto& each : others) {
        each = *queue.reserve();
        each.wait("", [&] {
            deepest = std::max(deepest, ++depth);
            each.leave();
            --depth;
        });
    }
    leave("first");
    EXPECT_EQ(queue.starting(), 0u);
    EXPECT_EQ(queue.waiting(), 0u);
    EXPECT_EQ(deepest, 1);
    EXPECT_THAT(started, ElementsAre("first"));
    places.clear();
}

}  // namespace
}  // namespace sparkgate::session
