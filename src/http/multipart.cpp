#include "sparkgate/http/multipart.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace sparkgate::http {
namespace {

using boost::beast::iequals;

constexpr std::size_t max_head = 16 * 1024;  // of a part

std::string_view trim(std::string_view text) {
    const auto begin = std::min(text.find_first_not_of(" \t"), text.size());
    const auto end = text.find_last_not_of(" \t");
    return end == std::string_view::npos ? std::string_view{} : text.substr(begin, end - begin + 1);
}

// A token, or a quoted string with its backslashes resolved; advances `rest` behind it.
std::string take_value(std::string_view& rest) {
    std::string out;
    if (!rest.starts_with('"')) {
        const auto end = std::min(rest.find(';'), rest.size());
        out = trim(rest.substr(0, end));
        rest.remove_prefix(end);
        return out;
    }
    std::size_t at = 1;
    for (; at < rest.size() && rest[at] != '"'; ++at) {
        // Browsers send Windows paths with bare backslashes: only quotes and backslashes are escaped.
        if (rest[at] == '\\' && at + 1 < rest.size() && (rest[at + 1] == '"' || rest[at + 1] == '\\')) ++at;
        out += rest[at];
    }
    rest.remove_prefix(std::min(at + 1, rest.size()));
    return out;
}

// 'form-data; name="file"; filename="a.jar"': the value before the first semicolon under "".
std::map<std::string, std::string, boost::beast::iless> read_parameters(std::string_view header) {
    std::map<std::string, std::string, boost::beast::iless> out;
    const auto first = std::min(header.find(';'), header.size());
    out[""] = trim(header.substr(0, first));
    header.remove_prefix(first);
    while (header.starts_with(';')) {
        header.remove_prefix(1);
        const auto end = std::min(header.find_first_of("=;"), header.size());
        const std::string name(trim(header.substr(0, end)));
        header.remove_prefix(end);
        if (!header.starts_with('=')) continue;
        header.remove_prefix(1);
        header = header.substr(std::min(header.find_first_not_of(" \t"), header.size()));
        out.emplace(name, take_value(header));
        header = header.substr(std::min(header.find(';'), header.size()));
    }
    return out;
}

// The value of Content-Disposition among a part's header lines.
std::string_view disposition(std::string_view lines) {
    constexpr std::string_view wanted = "content-disposition";
    while (!lines.empty()) {
        const auto end = std::min(lines.find("\r\n"), lines.size());
        const auto line = lines.substr(0, end);
        const auto colon = line.find(':');
        if (colon != std::string_view::npos && iequals(trim(line.substr(0, colon)), wanted))
            return trim(line.substr(colon + 1));
        lines.remove_prefix(std::min(end + 2, lines.size()));
    }
    return {};
}

std::string last_component(const std::string& path) {
    const auto name = path.substr(path.find_last_of("/\\") + 1);
    return name == "." || name == ".." || name.find('\0') != std::string::npos ? std::string() : name;
}

// How much of the end of `text` may be the beginning of `delimiter`, which has no other CR than its first
// byte.
std::size_t begun_delimiter(std::string_view text, std::string_view delimiter) {
    const auto last = text.rfind('\r');
    if (last == std::string_view::npos) return 0;
    const auto rest = text.substr(last);
    return rest.size() < delimiter.size() && delimiter.starts_with(rest) ? rest.size() : 0;
}

}  // namespace

std::optional<std::string> form_boundary(std::string_view content_type) {
    auto parameters = read_parameters(content_type);
    auto& boundary = parameters["boundary"];
    if (!iequals(parameters[""], "multipart/form-data") || boundary.empty()) return std::nullopt;
    return std::move(boundary);
}

multipart_reader::multipart_reader(const std::string& boundary) : delimiter_("\r\n--" + boundary) {}

multipart_reader::event multipart_reader::next(std::string_view& input) {
    switch (state_) {
        case state::preamble:
            while (true) {
                const auto found = read_content(input);
                if (found != event::data) return found;  // a preamble has no meaning
            }
        case state::content:
            return read_content(input);
        case state::after_delimiter:
            return read_part_header(input);
        case state::end:
            return event::end;
        case state::broken:
            break;
    }
    return event::broken;
}

multipart_reader::event multipart_reader::read_content(std::string_view& input) {
    // A delimiter that began in an earlier piece.
    while (matched_ > 0 && matched_ < delimiter_.size() && !input.empty()) {
        if (input.front() == delimiter_[matched_]) {
            ++matched_;
            input.remove_prefix(1);
        } else {
            data_ = std::string_view(delimiter_).substr(0, std::exchange(matched_, 0));
            return event::data;
        }
    }
    if (matched_ < delimiter_.size()) {
        if (input.empty()) return event::need_more;
        const auto found = input.find(delimiter_);
        const auto size = std::min(found, input.size() - begun_delimiter(input, delimiter_));
        data_ = input.substr(0, size);
        matched_ = found == std::string_view::npos ? input.size() - size : delimiter_.size();
        input.remove_prefix(size + matched_);
        if (!data_.empty()) return event::data;
        if (matched_ < delimiter_.size()) return event::need_more;
    }
    matched_ = 0;
    const bool in_part = std::exchange(state_, state::after_delimiter) == state::content;
    return in_part ? event::part_end : read_part_header(input);
}

// Behind a delimiter stand "--" at the form's end, else a line end and the header's lines.
multipart_reader::event multipart_reader::read_part_header(std::string_view& input) {
    const auto before = head_.size();
    const auto room = max_head + 4 - before;
    head_.append(input.substr(0, room));
    if (head_.starts_with("--")) return stop(event::end);
    const auto end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
    if (end == std::string::npos) {
        if (input.size() >= room) return stop(event::broken);
        input = {};
        return event::need_more;
    }
    if (!trim(std::string_view(head_).substr(0, head_.find("\r\n"))).empty()) return stop(event::broken);
    input.remove_prefix(end + 4 - before);
    head_.resize(end);
    auto parameters = read_parameters(disposition(head_));
    const bool form_data = iequals(parameters[""], "form-data");
    name_ = form_data ? parameters["name"] : std::string();
    file_name_ = form_data ? last_component(parameters["filename"]) : std::string();
    head_.clear();
    state_ = state::content;
    return event::part;
}

multipart_reader::event multipart_reader::stop(event why) {
    state_ = why == event::end ? state::end : state::broken;
    return why;
}

}  // namespace sparkgate::http
