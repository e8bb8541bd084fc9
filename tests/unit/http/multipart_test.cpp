// Uploads: the file of a form, whatever surrounds it.
#include "sparkgate/http/multipart.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sparkgate::http {
namespace {

const std::string form = "multipart/form-data; boundary=b";

std::string part(const std::string& disposition, const std::string& content) {
    return "--b\r\nContent-Disposition: " + disposition + "\r\nContent-Type: text/plain\r\n\r\n" + content +
           "\r\n";
}

std::string file_part(const std::string& name, const std::string& filename, const std::string& content) {
    return part("form-data; name=\"" + name + "\"; filename=\"" + filename + "\"", content);
}

TEST(multipart, finds_the_file_of_the_named_part) {
    const std::string body = part("form-data; name=\"note\"", "hi") + file_part("other", "o.txt", "no") +
                             file_part("file", "up.txt", "hello\r\nworld\n") + "--b--\r\n";
    const auto found = find_upload(form, body, "file");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->name, "up.txt");
    EXPECT_EQ(found->content, "hello\r\nworld\n");
    EXPECT_FALSE(find_upload(form, body, "jar"));
    EXPECT_FALSE(find_upload(form, body, "note"));  // a field, not a file
}

TEST(multipart, any_bytes_may_be_in_a_file) {
    const std::string content("\0\xff\r\n--a\r\n\r\n--b", 14);
    const auto body = file_part("file", "x", "") + file_part("file", "y", content) + "--b--";
    EXPECT_EQ(find_upload(form, body, "file")->content, "");
    EXPECT_EQ(find_upload(form, file_part("file", "y", content.substr(0, 9)) + "--b--", "file")->content,
              content.substr(0, 9));
}

TEST(multipart, spellings) {
    const std::string body =
        "preamble\r\n--x y\r\ncontent-disposition:FORM-DATA;Name=file;  filename=a.jar ; "
        "size=3\r\n\r\nabc\r\n--x y--";
    const auto found = find_upload("Multipart/Form-Data; charset=UTF-8; Boundary=\"x y\"", body, "file");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->name, "a.jar");
    EXPECT_EQ(found->content, "abc");
}

TEST(multipart, a_file_name_never_leads_elsewhere) {
    const std::vector<std::pair<const char*, const char*>> table{{"/etc/passwd", "passwd"},
                                                                 {"../../x.py", "x.py"},
                                                                 {"C:\\jars\\a.jar", "a.jar"},
                                                                 {"a \\\"b\\\".txt", "a \"b\".txt"},
                                                                 {"ünï.txt", "ünï.txt"}};
    for (const auto& [sent, name] : table)
        EXPECT_EQ(find_upload(form, file_part("file", sent, "x") + "--b--", "file")->name, name);
    for (const auto* sent : {"", "..", "/tmp/", "."})
        EXPECT_FALSE(find_upload(form, file_part("file", sent, "x") + "--b--", "file")) << sent;
}

TEST(multipart, what_is_broken_holds_no_file) {
    const auto good = file_part("file", "up.txt", "hello") + "--b--\r\n";
    EXPECT_FALSE(find_upload("application/json", good, "file"));
    EXPECT_FALSE(find_upload("multipart/form-data", good, "file"));
    EXPECT_FALSE(find_upload("multipart/form-data; boundary=\"b", "", "file"));
    for (std::size_t cut = 0; cut + 6 < good.size() - 2; ++cut)
        EXPECT_FALSE(find_upload(form, good.substr(0, cut), "file")) << cut;
    EXPECT_FALSE(find_upload(form, "{\"a\": 1}", "file"));
    EXPECT_FALSE(find_upload(form, "--b\r\n\r\nhello\r\n--b--", "file"));
}

}  // namespace
}  // namespace sparkgate::http
