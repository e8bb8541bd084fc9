// Uploads. The first line is the Content-Type, the rest the body.
#include "sparkgate/http/multipart.hpp"

#include "fuzz/fuzz.hpp"

namespace sparkgate::fuzz {
namespace {

void check_name(const std::string& name) {
    require(!name.empty() && name != "." && name != "..", "a file's name is one", name);
    require(name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos, "a file's name is no path",
            name);
}

// The same file, sent the way a client would, is found as it was.
void check_sent_again(const http::uploaded_file& file) {
    const std::string boundary = "----sparkgate-boundary";
    if (file.content.find(boundary) != std::string_view::npos) return;
    if (file.name.find_first_of("\"\r\n") != std::string::npos) return;
    const std::string body = "--" + boundary +
                             "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + file.name +
                             "\"\r\n\r\n" + std::string(file.content) + "\r\n--" + boundary + "--\r\n";
    const auto found = http::find_upload("multipart/form-data; boundary=" + boundary, body, "file");
    require(found && found->name == file.name, "a name survives", file.name);
    require(found->content == file.content, "a content survives", body);
}

}  // namespace
}  // namespace sparkgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sparkgate;
    auto body = fuzz::as_text(data, size);
    const auto content_type = fuzz::take_until(body, '\n');
    for (const auto* part : {"file", "jar"}) {
        const auto found = http::find_upload(content_type, body, part);
        if (!found) continue;
        fuzz::check_name(found->name);
        fuzz::require(found->content.data() >= body.data() &&
                          found->content.data() + found->content.size() <= body.data() + body.size(),
                      "the content lies in the body");
        fuzz::check_sent_again(*found);
    }
    return 0;
}
