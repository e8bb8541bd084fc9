// Frames of the driver protocol: bytes in, frames out.
#include "sparkgate/driver/frame.hpp"

#include <gtest/gtest.h>

#include <malloc.h>
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();  // g++ has it, but not its header
#endif

namespace sparkgate::driver {
namespace {

std::string prefix(std::uint32_t header, std::uint32_t payload) {
    std::string out;
    for (const std::uint32_t number : {header, payload})
        for (const int shift : {24, 16, 8, 0})
            out += static_cast<char>(number >> shift & 0xff);
    return out;
}

std::string raw(const std::string& header, const std::string& payload = "") {
    return prefix(static_cast<std::uint32_t>(header.size()), static_cast<std::uint32_t>(payload.size())) +
           header + payload;
}

// What the allocator has handed out, in its arenas and as mappings. A sanitizer has an allocator of its own.
std::size_t allocated() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return ::__sanitizer_get_current_allocated_bytes();
#else
    const auto info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
#endif
}

// All frames that the bytes hold; a refusal ends the list.
struct decoded {
    std::vector<frame> frames;
    std::optional<error> refusal;
};
void drain(decoder& from, decoded& into) {
    for (;;) {
        auto next = from.next();
        if (!next) {
            into.refusal = next.error();
            return;
        }
        if (!*next) return;
        into.frames.push_back(std::move(**next));
    }
}
decoded decode(std::string_view bytes) {
    decoder from;
    decoded out;
    from.feed(bytes);
    drain(from, out);
    return out;
}

TEST(frame, has_the_documented_bytes) {
    const json header{{"op", "exec"}, {"id", 1}};
    EXPECT_EQ(encode(header, "1+1"), prefix(20, 3) + R"({"op":"exec","id":1})" + "1+1");
    EXPECT_EQ(encode(json{{"op", "bye"}}), prefix(12, 0) + R"({"op":"bye"})");
}

TEST(frame, round_trip) {
    const std::string payload("any bytes: \0 \xff \n", 17);
    const json header{{"op", "stream"}, {"seq", 7}, {"name", "stdöut"}, {"nested", {{"a", {1, 2}}}}};
    const auto out = decode(encode(header, payload));
    ASSERT_EQ(out.frames.size(), 1u);
    EXPECT_EQ(out.frames[0].header, header);
    EXPECT_EQ(out.frames[0].payload, payload);
    EXPECT_EQ(out.frames[0].op(), "stream");
}

TEST(frame, fields_of_the_header) {
    const auto out = decode(raw(R"({"op":"x","n":-5,"big":1700000000123,"text":"t","float":1.5,"huge":1e300,)"
                                R"("beyond":18446744073709551615,"null":null,"list":[1]})"));
    ASSERT_EQ(out.frames.size(), 1u);
    const frame& f = out.frames[0];
    EXPECT_EQ(f.integer("n"), -5);
    EXPECT_EQ(f.integer("big"), 1700000000123);
    for (const auto* key : {"absent", "text", "null", "list", "float", "huge", "beyond"})
        EXPECT_EQ(f.integer(key, -7), -7) << key;
    EXPECT_EQ(f.text("text"), "t");
    for (const auto* key : {"absent", "n", "null", "list"})
        EXPECT_EQ(f.text(key), "") << key;
}

TEST(decoder, finds_the_same_frames_wherever_the_stream_is_cut) {
    const std::string stream = encode(json{{"op", "one"}}) + encode(json{{"op", "two"}}, "payload of two") +
                               encode(json{{"op", "three"}, {"seq", 3}}, "3");
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        decoder from;
        decoded out;
        for (const auto part :
             {std::string_view(stream).substr(0, cut), std::string_view(stream).substr(cut)}) {
            from.feed(part);
            drain(from, out);
        }
        ASSERT_FALSE(out.refusal) << "cut at " << cut;
        ASSERT_EQ(out.frames.size(), 3u) << "cut at " << cut;
        EXPECT_EQ(out.frames[0].op(), "one");
        EXPECT_EQ(out.frames[1].payload, "payload of two");
        EXPECT_EQ(out.frames[2].integer("seq"), 3);
    }
}

TEST(decoder, takes_a_stream_byte_by_byte) {
    std::string stream;
    for (int i = 0; i < 50; ++i)
        stream += encode(json{{"op", "n"}, {"i", i}}, std::string(static_cast<std::size_t>(i), 'p'));
    decoder from;
    decoded out;
    for (const char byte : stream) {
        from.feed({&byte, 1});
        drain(from, out);
    }
    ASSERT_EQ(out.frames.size(), 50u);
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(out.frames[static_cast<std::size_t>(i)].integer("i"), i);
        EXPECT_EQ(out.frames[static_cast<std::size_t>(i)].payload.size(), static_cast<std::size_t>(i));
    }
}

TEST(decoder, a_part_of_a_frame_is_nothing_yet) {
    const std::string whole = encode(json{{"op", "x"}}, "payload");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto out = decode(std::string_view(whole).substr(0, size));
        EXPECT_TRUE(out.frames.empty());
        EXPECT_FALSE(out.refusal);
    }
}

TEST(decoder, takes_frames_of_the_largest_size) {
    const std::string filler(max_header_bytes - std::string(R"({"op":"x","f":""})").size(), 'h');
    const auto out = decode(raw(R"({"op":"x","f":")" + filler + "\"}", std::string(max_payload_bytes, 'p')));
    ASSERT_EQ(out.frames.size(), 1u);
    EXPECT_EQ(out.frames[0].payload.size(), max_payload_bytes);
}

TEST(decoder, refuses_a_frame_that_will_be_too_large_at_its_first_bytes) {
    for (const auto& bytes : {prefix(max_header_bytes + 1, 0), prefix(2, max_payload_bytes + 1),
                              prefix(0xffffffff, 0xffffffff), std::string("GET / HTTP/1.1\r\n")}) {
        const auto out = decode(bytes);
        ASSERT_TRUE(out.refusal);
        EXPECT_EQ(out.refusal->code, errc::invalid_argument);
        EXPECT_EQ(out.refusal->message, "a frame is too large");
    }
}

TEST(decoder, refuses_headers_that_are_not_an_object_with_an_op) {
    for (const auto* header : {"", "{", "[]", "1", "null", "\"op\"", "[\"op\"]", "{}", R"({"op":1})",
                               R"({"op":null})", R"({"Op":"x"})", "{\"op\":\"\xff\"}",
                               R"({"op":"x"} )"
                               "x"}) {
        const auto out = decode(raw(header, "payload"));
        EXPECT_TRUE(out.frames.empty()) << header;
        ASSERT_TRUE(out.refusal) << header;
        EXPECT_EQ(out.refusal->code, errc::invalid_argument);
    }
}

TEST(decoder, frames_before_garbage_are_good) {
    const auto out = decode(encode(json{{"op", "fine"}}) + raw("garbage"));
    ASSERT_EQ(out.frames.size(), 1u);
    EXPECT_EQ(out.frames[0].op(), "fine");
    EXPECT_TRUE(out.refusal);
}

TEST(decoder, gives_its_memory_back_after_a_large_frame) {
    const std::string large = encode(json{{"op", "x"}}, std::string(max_payload_bytes, 'p'));
    decoder from;
    const auto before = allocated();
    from.feed(large);
    EXPECT_GT(allocated(), before + max_payload_bytes);
    { const auto taken = from.next(); }
    EXPECT_LT(allocated(), before + (1u << 20));
}

}  // namespace
}  // namespace sparkgate::driver
