// Server-sent events as text. Source: HTML Living Standard, section 9.2 (text/event-stream). Pure.
#pragma once

#include <string>
#include <string_view>

namespace sparkgate::http {

struct server_sent_event {
    std::string name, id;  // without line ends; an empty one is left out
    std::string data;      // CR LF, CR and LF in it all reach the client as LF
};

// Appends the event, with the blank line that dispatches it.
void append_event(std::string& out, const server_sent_event& event);

// A comment, which clients skip: shows proxies and both ends that the stream lives.
inline constexpr std::string_view event_heartbeat = ": heartbeat\n\n";

}  // namespace sparkgate::http
