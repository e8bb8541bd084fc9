#include "sparkgate/http/multipart.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <map>

namespace sparkgate::http {
namespace {

using boost::beast::iequals;

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

std::optional<uploaded_file> read_part(std::string_view text, std::string_view wanted) {
    const auto head_end = text.find("\r\n\r\n");
    if (head_end == std::string_view::npos) return {};
    auto parameters = read_parameters(disposition(text.substr(0, head_end)));
    if (!iequals(parameters[""], "form-data") || parameters["name"] != wanted) return {};
    auto name = last_component(parameters["filename"]);
    if (name.empty()) return {};
    return uploaded_file{std::move(name), text.substr(head_end + 4)};
}

}  // namespace

std::optional<uploaded_file> find_upload(std::string_view content_type, std::string_view body,
                                         std::string_view part) {
    auto parameters = read_parameters(content_type);
    if (!iequals(parameters[""], "multipart/form-data") || parameters["boundary"].empty()) return {};
    const std::string delimiter = "\r\n--" + parameters["boundary"];
    // The first delimiter stands at the beginning or after a preamble.
    auto at = body.starts_with(std::string_view(delimiter).substr(2)) ? 0 : body.find(delimiter);
    if (at == std::string_view::npos) return {};
    body.remove_prefix(at == 0 ? delimiter.size() - 2 : at + delimiter.size());
    while (!body.starts_with("--")) {
        const auto line_end = body.find("\r\n"), next = body.find(delimiter);
        if (line_end == std::string_view::npos || next == std::string_view::npos) return {};
        // A part without headers would begin where its delimiter's line ends.
        if (next > line_end + 2)
            if (auto found = read_part(body.substr(line_end + 2, next - line_end - 2), part)) return found;
        body.remove_prefix(next + delimiter.size());
    }
    return {};
}

}  // namespace sparkgate::http
