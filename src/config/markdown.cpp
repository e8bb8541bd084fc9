#include "sparkgate/config/markdown.hpp"

#include "keys.hpp"

namespace sparkgate::config {
namespace {

std::string code(const std::string& text) {
    return text.empty() ? text : "`" + text + "`";
}

std::string row(std::initializer_list<std::string> cells) {
    std::string out = "|";
    for (const auto& cell : cells)
        out += " " + cell + " |";
    return out + "\n";
}

std::string compared(const option& option) {
    if (!option.livy) return "–";
    return option.livy->empty() ? "same" : *option.livy;
}

std::string options_table() {
    std::string out = "| key | takes | default | meaning | Livy |\n|---|---|---|---|---|\n";
    for (const auto& option : options()) {
        // The state directory's default depends on the user: show the rule.
        const std::string shown =
            option.key == "state.dir" ? "~/.local/state/sparkgate" : option.default_value;
        out += row({code(option.key), option.type, code(shown), option.meaning, compared(option)});
    }
    return out;
}

std::string old_names_table() {
    std::string out = "| old name | key |\n|---|---|\n";
    for (const auto& each : old_names())
        out += row({code(each.old), code(each.now)});
    return out;
}

std::string livy_keys_table() {
    constexpr const char* marks[] = {"", "**Warns.** ", "**Stops the start.** "};  // by when_asked
    std::string out = "| key | Livy's default | why it has no effect |\n|---|---|---|\n";
    for (const auto& key : livy_keys())
        out += row({code(key.key), code(key.default_value),
                    std::string(marks[static_cast<int>(key.then)]) + key.reason});
    return out;
}

}  // namespace

std::string markdown_tables() {
    return "## Keys\n\nThe last column compares with Livy's key of that name; – where Livy has none.\n\n" +
           options_table() +
           "\n## Old names\n\nNames that Livy deprecated in 0.4. They work; the start notes them.\n\n" +
           old_names_table() +
           "\n## Livy's keys without effect\n\nThe start notes those that a file sets, and why they have no "
           "effect. "
           "**Warns** and **Stops the start**: what happens\ninstead when the value is neither empty nor "
           "Livy's "
           "default, because it asks for something that is not here.\n\n" +
           livy_keys_table();
}

}  // namespace sparkgate::config
