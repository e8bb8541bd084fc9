#include "sparkgate/config/load.hpp"

#include "options.hpp"

#include <fstream>
#include <stdexcept>

namespace sparkgate::config {
namespace {

struct source {
    std::string value, origin;
};

constexpr std::string_view blanks = " \t\r";

std::string trim(std::string_view text) {
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

// "key = value", "key: value", "key value"; Spark's and Livy's files use all three.
bool split_line(const std::string& line, std::string& key, std::string& value) {
    const auto end = line.find_first_of(" \t=:");
    if (end == 0) return false;
    key = line.substr(0, end);
    const auto rest = end == std::string::npos ? std::string() : trim(std::string_view(line).substr(end));
    value =
        !rest.empty() && (rest[0] == '=' || rest[0] == ':') ? trim(std::string_view(rest).substr(1)) : rest;
    return true;
}

class loader {
public:
    boost::system::result<void, load_error> read_file(const std::filesystem::path& path) {
        std::ifstream in(path);
        std::error_code ignored;
        if (!in || std::filesystem::is_directory(path, ignored))
            return load_error{problem::unreadable, "cannot read the configuration file " + path.string()};
        out_.file = path;
        std::string line;
        for (int number = 1; std::getline(in, line); ++number) {
            line = trim(line);
            if (line.empty() || line[0] == '#') continue;
            const std::string origin = path.string() + ":" + std::to_string(number);
            std::string key, value;
            if (!split_line(line, key, value))
                return load_error{problem::bad_key,
                                  origin + ": expected \"key = value\", found \"" + line + "\""};
            if (!find_option(key)) {
                out_.warnings.push_back(origin + ": unknown key " + key + "; did you mean " +
                                        nearest_key(key) + "?");
                continue;
            }
            sources_[find_option(key)->key] = {value, origin};
        }
        return {};
    }

    boost::system::result<void, load_error> read_assignment(const std::string& text) {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0)
            return load_error{problem::bad_key, "--set " + text + ": expected key=value"};
        const std::string key = trim(text.substr(0, equals));
        const option* known = find_option(key);
        if (!known)
            return load_error{problem::bad_key, "--set " + text + ": unknown key " + key + "; did you mean " +
                                                    nearest_key(key) + "?"};
        sources_[known->key] = {trim(text.substr(equals + 1)), "--set"};
        return {};
    }

    boost::system::result<loaded, load_error> finish() {
        for (const auto& option : options()) {
            const auto found = sources_.find(option.key);
            const source from =
                found == sources_.end() ? source{option.default_value, "default"} : found->second;
            if (auto done = option.assign(out_.values, from.value); !done)
                return load_error{problem::bad_value, from.origin + ": " + option.key + " = \"" + from.value +
                                                          "\": " + done.error().message};
            out_.effective.push_back({option.key, from.value, option.default_value, from.origin});
        }
        return std::move(out_);
    }

private:
    std::map<std::string, source> sources_;
    loaded out_;
};

}  // namespace

void throw_exception_from_error(const load_error& e, const boost::source_location&) {
    throw std::logic_error(e.message);
}

boost::system::result<loaded, load_error> load(const std::optional<std::filesystem::path>& file,
                                               const std::vector<std::string>& assignments) {
    loader reader;
    if (file)
        if (auto done = reader.read_file(*file); !done) return done.error();
    for (const auto& text : assignments)
        if (auto done = reader.read_assignment(text); !done) return done.error();
    return reader.finish();
}

std::string markdown_table() {
    std::string out = "| key | takes | default | meaning |\n|---|---|---|---|\n";
    for (const auto& option : options()) {
        // The state directory's default depends on the user: show the rule.
        const std::string shown =
            option.key == "state.dir" ? "~/.local/state/sparkgate" : option.default_value;
        out += "| `" + option.key + "` | " + option.type + " | " + (shown.empty() ? "" : "`" + shown + "`") +
               " | " + option.meaning + " |\n";
    }
    return out;
}

}  // namespace sparkgate::config
