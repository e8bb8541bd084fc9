#include "sparkgate/http/server_sent_event.hpp"

#include <gtest/gtest.h>

namespace sparkgate::test {
namespace {

std::string text_of(const http::server_sent_event& event) {
    std::string out;
    append_event(out, event);
    return out;
}

TEST(server_sent_event, has_its_fields_and_ends_in_a_blank_line) {
    EXPECT_EQ(text_of({"state", "7", "{}"}), "id: 7\nevent: state\ndata: {}\n\n");
}

TEST(server_sent_event, leaves_out_an_empty_name_and_id) {
    EXPECT_EQ(text_of({"", "", "x"}), "data: x\n\n");
}

// Without a data line a client would not dispatch it.
TEST(server_sent_event, without_data_has_an_empty_data_line) {
    EXPECT_EQ(text_of({"end", "", ""}), "event: end\ndata: \n\n");
}

// Any of the three would end the field; the client puts a line feed between two data lines.
TEST(server_sent_event, writes_a_data_line_for_each_line) {
    EXPECT_EQ(text_of({"", "", "a\nb"}), "data: a\ndata: b\n\n");
    EXPECT_EQ(text_of({"", "", "a\r\nb\rc"}), "data: a\ndata: b\ndata: c\n\n");
    EXPECT_EQ(text_of({"", "", "a\n\nid: 9\n"}), "data: a\ndata: \ndata: id: 9\ndata: \n\n");
    EXPECT_EQ(text_of({"", "", "\r\r\n\n"}), "data: \ndata: \ndata: \ndata: \n\n");
}

TEST(server_sent_event, keeps_blanks_and_bytes) {
    EXPECT_EQ(text_of({"", "", " a: \xff"}), "data:  a: \xff\n\n");
}

TEST(server_sent_event, is_appended) {
    std::string out = "before";
    http::append_event(out, {"", "", "x"});
    EXPECT_EQ(out, "beforedata: x\n\n");
}

TEST(server_sent_event, heartbeat_is_a_comment) {
    EXPECT_TRUE(http::event_heartbeat.starts_with(':'));
    EXPECT_TRUE(http::event_heartbeat.ends_with("\n\n"));
}

}  // namespace
}  // namespace sparkgate::test
