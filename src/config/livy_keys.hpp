// The keys of Livy (0.9 and its main branch) that have no effect here, each with the reason. They are known,
// so that a livy.conf works as it is and its owner learns what is not followed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sparkgate::config {

// What happens at the start when a key's value asks for something that is not here. In all other cases there
// is a note.
enum class when_asked {
    note,    // nothing is lost
    warn,    // a feature is missing
    refuse,  // protection is missing, or a service that others rely on: the start stops
};

struct livy_key {
    std::string key;            // without "livy."; <…> stands for any text
    std::string default_value;  // Livy's; empty where it has none
    std::string reason;         // sentences for people
    when_asked then = when_asked::note;
};

const std::vector<livy_key>& livy_keys();

// Whether `value` is neither empty nor Livy's default.
bool asks_for_something(const livy_key& key, std::string_view value);

}  // namespace sparkgate::config
