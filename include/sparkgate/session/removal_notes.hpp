// Remembers why sessions removed themselves, for the clients that ask after them. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace sparkgate::session {

class removal_notes {
public:
    static constexpr std::size_t kept = 1000;  // the newest

    void add(std::int64_t id, std::optional<std::string> name, std::string why);

    // A new session has the name: who asks for it does not mean the old one.
    void release_name(const std::string& name);

    // By id, or by name (the newest of that name). Nothing when it is not known.
    std::optional<std::string> why(std::int64_t id) const;
    std::optional<std::string> why(const std::string& name) const;

private:
    struct note {
        std::int64_t id;
        std::optional<std::string> name;
        std::string why;
    };
    std::deque<note> notes_;  // the newest first
};

}  // namespace sparkgate::session
