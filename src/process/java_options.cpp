#include "java_options.hpp"

#include <algorithm>
#include <utility>

namespace sparkgate::process {
namespace {

// What may begin an option. Every other one is refused: JVMs have hundreds, some of which load code.
constexpr std::string_view families[] = {"-D",
                                         "-XX:",
                                         "-Xms",
                                         "-Xmx",
                                         "-Xmn",
                                         "-Xss",
                                         "-Xlog",
                                         "-Xint",
                                         "-Xcomp",
                                         "-Xmixed",
                                         "-Xbatch",
                                         "-Xnoclassgc",
                                         "-Xshare:",
                                         "-Xrs",
                                         "-Xcheck:",
                                         "-Xverify",
                                         "-Xfuture",
                                         "-XshowSettings",
                                         "-ea",
                                         "-da",
                                         "-esa",
                                         "-dsa",
                                         "-enableassertions",
                                         "-disableassertions",
                                         "-verbose",
                                         "-server",
                                         "-client",
                                         "-showversion",
                                         "--add-opens",
                                         "--add-exports",
                                         "--add-reads",
                                         "--add-modules",
                                         "--limit-modules",
                                         "--illegal-access=",
                                         "--enable-preview",
                                         "--enable-native-access",
                                         "--finalization=",
                                         "--sun-misc-unsafe-memory-access="};

// Their value may be an argument of its own.
constexpr std::string_view modules[] = {"--add-opens",   "--add-exports",   "--add-reads",
                                        "--add-modules", "--limit-modules", "--enable-native-access"};

// Commands, and files with further options; Spark's conf by a way that no other rule sees; doors.
constexpr std::string_view refused[] = {"-XX:OnError",
                                        "-XX:OnOutOfMemoryError",
                                        "-XX:Flags",
                                        "-XX:VMOptionsFile",
                                        "-XX:+ReadVMOptionsFile",
                                        "-Dspark.",
                                        "-Dcom.sun.management.",
                                        "-Djava.rmi.",
                                        "-Djava.security.manager",
                                        "-Djdk.module."};

// Directories that hold only what the JVM writes itself; common, and of no use to read something.
constexpr std::string_view directories[] = {"-Djava.io.tmpdir=", "-Dderby.system.home="};

template <std::size_t Count>
bool begins_with_one(std::string_view option, const std::string_view (&list)[Count]) {
    return std::any_of(std::begin(list), std::end(list),
                       [option](std::string_view each) { return option.starts_with(each); });
}

bool is_blank(char c) {
    const auto byte = static_cast<unsigned char>(c);  // as Character.isWhitespace
    return (byte >= 0x09 && byte <= 0x0d) || (byte >= 0x1c && byte <= 0x20);
}

// What may be a file's name in an option: the texts between its signs, and URIs.
bool names_forbidden_file(std::string_view option, const file_rules& rules) {
    while (!option.empty()) {
        auto end = std::min(option.find_first_of("=,;:|"), option.size());
        if (option.substr(end).starts_with("://")) {
            end = std::min(option.find_first_of(",;|"), option.size());
            if (!resolve_file(std::string(option.substr(0, end)), rules)) return true;
        } else if (!is_harmless_path(std::string(option.substr(0, end)), rules)) {
            return true;
        }
        option.remove_prefix(std::min(end + 1, option.size()));
    }
    return false;
}

// Names the option, never its value: that may be a secret.
error refuse(std::string_view option, const char* why) {
    if (!option.starts_with('-')) return fail(errc::invalid_argument, "there is a word that is no option");
    const auto name = option.substr(0, option.find_first_of("=:", option.starts_with("-XX:") ? 4 : 0));
    return fail(errc::invalid_argument, std::string(name) + " " + why);
}

}  // namespace

std::optional<std::vector<std::string>> split_java_options(std::string_view text) {
    std::vector<std::string> out;
    std::string option;
    bool begun = false, escaped = false;
    char quote = 0;
    for (const char c : text) {
        if (escaped) {
            option += c;
            escaped = false;
        } else if (c == '\\' && quote != '\'') {
            begun = escaped = true;
        } else if ((c == '\'' || c == '"') && (quote == 0 || quote == c)) {
            quote = quote == 0 ? c : '\0';
            begun = true;
        } else if (is_blank(c) && quote == 0) {
            if (begun) out.push_back(std::move(option));
            option.clear();
            begun = false;
        } else {
            option += c;
            begun = true;
        }
    }
    if (quote != 0 || escaped) return {};
    if (begun) out.push_back(std::move(option));
    return out;
}

result<void> check_java_options(const std::string& text, const file_rules& rules) {
    // Java knows more blanks than ASCII has.
    if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x80; }))
        return fail(errc::invalid_argument, "only ASCII is allowed");
    const auto options = split_java_options(text);
    if (!options) return fail(errc::invalid_argument, "a quote is not closed");
    bool value_follows = false;
    for (const auto& option : *options) {
        const bool is_value = std::exchange(value_follows, false);
        if (is_value ? option.find_first_of("-@") == 0 : !begins_with_one(option, families))
            return refuse(option, "is not allowed");
        if (begins_with_one(option, refused)) return refuse(option, "is not allowed");
        if (!begins_with_one(option, directories) && names_forbidden_file(option, rules))
            return refuse(option, "names a file outside file.local-dir-whitelist");
        value_follows = std::find(std::begin(modules), std::end(modules), option) != std::end(modules);
    }
    return {};
}

}  // namespace sparkgate::process
