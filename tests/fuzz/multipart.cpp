// Uploads. The first line is the Content-Type, the rest the body, which means the same however it is divided.
#include "sparkgate/http/multipart.hpp"

#include "fuzz/fuzz.hpp"

#include <vector>

namespace sparkgate::fuzz {
namespace {

using http::multipart_reader;
using event = multipart_reader::event;

struct part {
    std::string name, file_name, content;
    bool whole = false;
    friend bool operator==(const part&, const part&) = default;
};

struct form {
    std::vector<part> parts;
    event last = event::need_more;
    friend bool operator==(const form&, const form&) = default;
};

void take(const multipart_reader& reader, form& out) {
    switch (out.last) {
        case event::part:
            out.parts.push_back({reader.name(), reader.file_name(), {}, false});
            break;
        case event::data:
            require(!out.parts.empty() && !out.parts.back().whole, "content belongs to a part");
            out.parts.back().content += reader.data();
            break;
        case event::part_end:
            require(!out.parts.empty() && !out.parts.back().whole, "a part ends once");
            out.parts.back().whole = true;
            break;
        default:
            break;
    }
}

// The body in pieces of `step` bytes.
form read_form(const std::string& boundary, std::string_view body, std::size_t step) {
    multipart_reader reader(boundary);
    form out;
    while (!body.empty() && out.last != event::end && out.last != event::broken) {
        auto piece = body.substr(0, step);
        body.remove_prefix(piece.size());
        do {
            out.last = reader.next(piece);
            take(reader, out);
        } while (out.last != event::need_more && out.last != event::end && out.last != event::broken);
    }
    return out;
}

void check_name(const std::string& name) {
    require(name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos, "a file's name is no path",
            name);
    require(name != "." && name != "..", "a file's name is no directory", name);
}

}  // namespace
}  // namespace sparkgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sparkgate;
    auto body = fuzz::as_text(data, size);
    const auto boundary = http::form_boundary(fuzz::take_until(body, '\n'));
    if (!boundary) return 0;
    const auto whole = fuzz::read_form(*boundary, body, body.size());
    for (const auto& each : whole.parts)
        fuzz::check_name(each.file_name);
    for (const std::size_t step : {1, 2, 7})
        fuzz::require(fuzz::read_form(*boundary, body, step) == whole, "the division means nothing");
    return 0;
}
