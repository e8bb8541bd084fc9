// Forms: the same parts are found whatever surrounds them, and however the body is divided.
#include "sparkgate/http/multipart.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sparkgate::http {
namespace {

using event = multipart_reader::event;

struct part {
    std::string name, file_name, content;
    bool whole = false;
    bool operator==(const part&) const = default;
};

void PrintTo(const part& each, std::ostream* out) {
    *out << each.name << "/" << each.file_name << "/" << testing::PrintToString(each.content)
         << (each.whole ? "" : " (cut)");
}

struct form {
    std::vector<part> parts;
    event last = event::need_more;
    bool operator==(const form&) const = default;
};

void take(multipart_reader& reader, std::string_view piece, form& out) {
    while (true) {
        out.last = reader.next(piece);
        if (out.last == event::part) {
            out.parts.push_back({reader.name(), reader.file_name(), ""});
        } else if (out.last == event::data) {
            EXPECT_FALSE(reader.data().empty());
            out.parts.back().content += reader.data();
        } else if (out.last == event::part_end) {
            out.parts.back().whole = true;
        } else {
            return;
        }
    }
}

form read(std::vector<std::string_view> pieces, const std::string& boundary = "b") {
    multipart_reader reader(boundary);
    form out;
    for (const auto piece : pieces)
        take(reader, piece, out);
    return out;
}

// Whole, in two pieces divided at every byte, in three at every two bytes, and byte by byte: always the same.
form read_in_all_ways(std::string_view body, const std::string& boundary = "b") {
    const auto whole = read({body}, boundary);
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < body.size(); ++i) {
        bytes.push_back(body.substr(i, 1));
        EXPECT_EQ(read({body.substr(0, i), body.substr(i)}, boundary), whole) << i;
        for (std::size_t j = i; j < body.size(); ++j)
            EXPECT_EQ(read({body.substr(0, i), body.substr(i, j - i), body.substr(j)}, boundary), whole)
                << i << j;
    }
    EXPECT_EQ(read(bytes, boundary), whole);
    return whole;
}

std::string head(const std::string& disposition) {
    return "--b\r\nContent-Disposition: " + disposition + "\r\n\r\n";
}

std::string file(const std::string& name, const std::string& file_name, const std::string& content) {
    return head("form-data; name=\"" + name + "\"; filename=\"" + file_name + "\"") + content + "\r\n";
}

TEST(multipart, a_form) {
    const auto found =
        read_in_all_ways(head("form-data; name=note") + "hi\r\n" + file("file", "up.txt", "a\r\nb\n") +
                         file("file", "", "") + "--b--\r\n");
    const std::vector<part> parts{
        {"note", "", "hi", true}, {"file", "up.txt", "a\r\nb\n", true}, {"file", "", "", true}};
    EXPECT_EQ(found.parts, parts);
    EXPECT_EQ(found.last, event::end);
}

TEST(multipart, content_that_is_nearly_a_delimiter) {
    using namespace std::string_literals;
    for (const auto& content : {"\r"s, "\r\n"s, "\r\n-"s, "\r\n--"s, "\r\n--a"s, "\r\r\n"s, "\r\n\r\n--"s,
                                "\r\n\r"s, "--b"s, "\n--b"s, "\r\n-\r\n--\r\n"s, "\0\xff\r\0"s}) {
        const auto found = read_in_all_ways(file("file", "x", content) + "--b--");
        ASSERT_EQ(found.parts.size(), 1U) << testing::PrintToString(content);
        EXPECT_EQ(found.parts[0], (part{"file", "x", content, true}));
        EXPECT_EQ(found.last, event::end);
    }
}

TEST(multipart, what_surrounds_a_form) {
    const auto found = read_in_all_ways("before\r\n--a\r\n" + file("file", "x", "1") + "--b--\r\n" +
                                        file("file", "y", "2") + "--b--");
    EXPECT_EQ(found.parts, (std::vector<part>{{"file", "x", "1", true}}));
    EXPECT_EQ(found.last, event::end);
}

TEST(multipart, spaces_behind_a_delimiter) {
    const auto found = read_in_all_ways("--b \t\r\nContent-Disposition: form-data; name=n\r\n\r\n1\r\n--b--");
    EXPECT_EQ(found.parts, (std::vector<part>{{"n", "", "1", true}}));
}

TEST(multipart, spellings) {
    const auto found =
        read({"preamble\r\n--x y\r\nX: 1\r\ncontent-disposition:FORM-DATA;Name=file;  filename=a.jar ; "
              "size=3\r\n\r\nabc\r\n--x y--"},
             *form_boundary("Multipart/Form-Data; charset=UTF-8; Boundary=\"x y\""));
    EXPECT_EQ(found.parts, (std::vector<part>{{"file", "a.jar", "abc", true}}));
}

TEST(multipart, boundaries) {
    EXPECT_EQ(form_boundary("multipart/form-data; boundary=b"), "b");
    EXPECT_FALSE(form_boundary("application/json"));
    EXPECT_FALSE(form_boundary("multipart/form-data"));
    EXPECT_FALSE(form_boundary("multipart/form-data; boundary="));
    EXPECT_FALSE(form_boundary("multipart/mixed; boundary=b"));
}

TEST(multipart, a_file_name_never_leads_elsewhere) {
    const std::vector<std::pair<const char*, const char*>> table{{"/etc/passwd", "passwd"},
                                                                 {"../../x.py", "x.py"},
                                                                 {"C:\\jars\\a.jar", "a.jar"},
                                                                 {"a \\\"b\\\".txt", "a \"b\".txt"},
                                                                 {"ünï.txt", "ünï.txt"},
                                                                 {"", ""},
                                                                 {"..", ""},
                                                                 {"/tmp/", ""},
                                                                 {".", ""}};
    for (const auto& [sent, name] : table)
        EXPECT_EQ(read({file("file", sent, "x") + "--b--"}).parts[0].file_name, name) << sent;
}

TEST(multipart, parts_of_other_kinds_have_no_name) {
    const auto found =
        read_in_all_ways(head("attachment; name=file; filename=x") + "1\r\n--b\r\n\r\n2\r\n--b--");
    EXPECT_EQ(found.parts, (std::vector<part>{{"", "", "1", true}, {"", "", "2", true}}));
}

TEST(multipart, a_form_that_is_cut_has_no_end) {
    const auto good = file("file", "up.txt", "hello") + "--b--";
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        const auto found = read({std::string_view(good).substr(0, cut)});
        EXPECT_NE(found.last, event::end) << cut;
        const bool whole = !found.parts.empty() && found.parts[0].whole;
        EXPECT_EQ(whole, cut >= good.size() - 2) << cut;
    }
}

TEST(multipart, what_is_no_form) {
    EXPECT_EQ(read({"{\"a\": 1}"}), form{});
    EXPECT_EQ(read({"--b and more\r\n\r\nhello\r\n--b--"}).last, event::broken);
    EXPECT_EQ(read({""}), form{});
}

TEST(multipart, a_part_s_header_is_bounded) {
    const std::string largest(16 * 1024 - 5, 'x');
    EXPECT_EQ(read_in_all_ways("--b\r\nX: 1\r\n\r\n1\r\n--b--").parts.size(), 1U);
    EXPECT_EQ(read({"--b\r\nX: " + largest + "\r\n\r\n1\r\n--b--"}).parts.size(), 1U);
    EXPECT_EQ(read({"--b\r\nX: " + largest + "x\r\n\r\n1\r\n--b--"}).last, event::broken);
    multipart_reader reader("b");
    form endless;
    take(reader, "--b\r\nX: ", endless);
    for (int i = 0; i < 17 * 1024 && endless.last == event::need_more; ++i)
        take(reader, "x", endless);
    EXPECT_EQ(endless.last, event::broken);
}

}  // namespace
}  // namespace sparkgate::http
