#include "sparkgate/http/server_sent_event.hpp"

namespace sparkgate::http {

void append_event(std::string& out, const server_sent_event& event) {
    if (!event.id.empty()) out.append("id: ").append(event.id) += '\n';
    if (!event.name.empty()) out.append("event: ").append(event.name) += '\n';
    std::string_view rest = event.data;
    for (bool more = true; more;) {
        const auto end = rest.find_first_of("\r\n");
        more = end != std::string_view::npos;
        out.append("data: ").append(rest.substr(0, end)) += '\n';
        if (more) rest.remove_prefix(end + (rest.substr(end, 2) == "\r\n" ? 2 : 1));
    }
    out += '\n';
}

}  // namespace sparkgate::http
