#include "sparkgate/config/load.hpp"

#include "keys.hpp"

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
            if (!keep(key, {value, origin})) out_.warnings.push_back(origin + ": " + unknown(key));
        }
        return {};
    }

    boost::system::result<void, load_error> read_assignment(const std::string& text) {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0)
            return load_error{problem::bad_key, "--set " + text + ": expected key=value"};
        const std::string key = trim(text.substr(0, equals));
        if (!keep(key, {trim(text.substr(equals + 1)), "--set"}))
            return load_error{problem::bad_key, "--set " + text + ": " + unknown(key)};
        return {};
    }

    boost::system::result<loaded, load_error> finish() {
        for (const auto& option : options()) {
            const auto found = sources_.find(option.key);
            source from = found == sources_.end() ? source{option.default_value, "default"} : found->second;
            cut_to_largest(option, from);
            auto done = option.assign(out_.values, from.value);
            if (!done && from.value.empty()) {
                // Livy's template has such lines (commented out): they ask for nothing.
                out_.notes.push_back(from.origin + ": " + option.key +
                                     " has no value: " + option.default_value + " counts");
                from.value = option.default_value;
                done = option.assign(out_.values, from.value);
            }
            if (!done)
                return load_error{problem::bad_value, from.origin + ": " + option.key + " = \"" + from.value +
                                                          "\": " + done.error().message};
            out_.effective.push_back({option.key, from.value, option.default_value, from.origin});
        }
        for (const auto& each : without_effect_)
            if (auto done = report(each); !done) return done.error();
        return std::move(out_);
    }

private:
    struct livy_setting {
        const livy_key* known;
        std::string key, written;  // plain, and as it stands in the file
        source from;
    };

    static std::string unknown(const std::string& key) {
        return "unknown key " + key + "; did you mean " + nearest_key(key) + "?";
    }

    // The last word for a key. False: there is no such key.
    bool keep(const std::string& written, const source& from) {
        std::string key(plain_key(written));
        if (const auto now = current_name(key); !now.empty()) {
            key = now;
            out_.notes.push_back(from.origin + ": " + written + " is an old name of " + key);
        }
        if (find_option(key)) {
            sources_[key] = from;
            return true;
        }
        const livy_key* known = find_livy_key(key);
        if (!known) return false;
        std::erase_if(without_effect_, [&](const livy_setting& each) { return each.key == key; });
        without_effect_.push_back({known, key, written, from});
        return true;
    }

    // Tells why a key of Livy has no effect; an error if the server must not start without it.
    boost::system::result<void, load_error> report(const livy_setting& one) {
        const auto& [value, origin] = one.from;
        const bool asks = asks_for_something(*one.known, value);
        if (asks && one.known->then == when_asked::refuse)
            return load_error{problem::bad_value,
                              origin + ": " + one.written + " = \"" + value + "\": " + one.known->reason};
        auto& list = asks && one.known->then == when_asked::warn ? out_.warnings : out_.notes;
        list.push_back(origin + ": " + one.written + " has no effect: " + one.known->reason);
        return {};
    }

    void cut_to_largest(const option& option, source& from) {
        if (!option.largest) return;
        const auto size = parse_bytes(from.value);
        if (!size || size->value <= option.largest->value) return;
        const std::string cut = std::to_string(option.largest->value);
        out_.notes.push_back(from.origin + ": " + option.key + " = " + from.value +
                             " is more than the server can take: cut to " + cut);
        from.value = cut;
    }

    std::map<std::string, source> sources_;
    std::vector<livy_setting> without_effect_;
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

}  // namespace sparkgate::config
