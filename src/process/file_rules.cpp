#include "sparkgate/process/file_rules.hpp"

#include "java_uri.hpp"

#include <algorithm>
#include <cctype>
#include <fnmatch.h>

namespace sparkgate::process {
namespace fs = std::filesystem;

namespace {

// By whole parts: "/data" holds neither "/database" nor "/".
bool lies_in(const fs::path& path, fs::path directory) {
    if (!directory.has_filename() && directory.has_relative_path()) directory = directory.parent_path();
    return std::mismatch(directory.begin(), directory.end(), path.begin(), path.end()).first ==
           directory.end();
}

// Hadoop expands patterns, so that what a pattern matches counts too. They may be in the last part of a name
// only, and have no alternatives or escapes: this takes one look into one directory, however they are
// written.
bool is_bounded_pattern(const fs::path& path) {
    return path.native().find_first_of("{\\") == std::string::npos &&
           path.parent_path().native().find_first_of("*?[") == std::string::npos;
}

std::vector<fs::path> expand(const fs::path& pattern) {
    std::vector<fs::path> out{pattern};
    if (pattern.filename().native().find_first_of("*?[") == std::string::npos) return out;
    std::error_code ec;
    for (fs::directory_iterator entry(pattern.parent_path(), ec), end; !ec && entry != end;
         entry.increment(ec))
        if (::fnmatch(pattern.filename().c_str(), entry->path().filename().c_str(), 0) == 0)
            out.push_back(entry->path());
    return out;
}

bool links_stay_inside(const fs::path& path, const std::vector<fs::path>& directories) {
    std::error_code ec;
    const auto real = fs::weakly_canonical(path, ec);
    return !ec && std::any_of(directories.begin(), directories.end(), [&](const fs::path& each) {
        std::error_code none;
        const auto real_directory = fs::weakly_canonical(each, none);
        return !none && lies_in(real, real_directory);
    });
}

bool is_allowed(const fs::path& path, const std::vector<fs::path>& directories) {
    const auto normal = path.lexically_normal();
    if (!path.is_absolute() || !is_bounded_pattern(path)) return false;
    if (std::none_of(directories.begin(), directories.end(),
                     [&](const auto& each) { return lies_in(normal, each.lexically_normal()); }))
        return false;
    // Spark follows ".." behind a link in some places and takes it out in others.
    for (const auto& form : {path, normal})
        for (const auto& named : expand(form))
            if (!links_stay_inside(named, directories)) return false;
    return true;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                      [](unsigned char a, char b) { return std::tolower(a) == b; });
}

// "local" is a file that lies on every host, this one included. Those that name another scheme in their
// authority ("har://hdfs-nn:8020", "jceks://hdfs@nn") are of this host where that is none of the network.
bool is_local(const java_uri& uri) {
    for (const auto local : {"file", "local", "localjceks", "localbcfks"})
        if (equals_ignoring_case(uri.scheme, local)) return true;
    for (const auto nested : {"har", "jceks", "bcfks"}) {
        if (!equals_ignoring_case(uri.scheme, nested)) continue;
        const auto inner = uri.authority.substr(0, uri.authority.find_first_of("-@"));
        return inner.empty() || equals_ignoring_case(inner, "file") || equals_ignoring_case(inner, "local");
    }
    return false;
}

// "hdfs://nn:8020/" and "/x.jar" make "hdfs://nn:8020/x.jar".
std::string join(std::string_view file_system, std::string_view path) {
    if (file_system.ends_with('/')) file_system.remove_suffix(1);
    return std::string(file_system).append(path);
}

}  // namespace

result<std::string> resolve_file(const std::string& uri, const file_rules& rules) {
    const auto given = parse_java_uri(uri);
    if (!given) return given.error();
    const std::string path = decode_escapes(given->path);
    std::string resolved = uri;
    if (given->scheme.empty()) {
        if (!path.starts_with('/'))
            return fail(errc::invalid_argument, "requirement failed: Path '" + path + "' is not absolute.");
        resolved = join(rules.default_fs, given->path);
        if (given->fragment) resolved.append("#").append(*given->fragment);
    }
    const auto target = parse_java_uri(resolved);
    if (!target) return target.error();
    if (!is_local(*target)) return resolved;
    // Hadoop's Path takes everything behind the authority for the path, java.net.URI does not.
    for (const auto& reading : {decode_escapes(target->path), std::string(target->after_authority)})
        if (!is_allowed(reading, rules.local_directories))
            return fail(errc::invalid_argument,
                        "requirement failed: Local path " + path + " cannot be added to user sessions.");
    return resolved;
}

bool is_harmless_path(const std::string& path, const file_rules& rules) {
    if (path.starts_with('/')) return is_allowed(path, rules.local_directories);
    const auto parts = fs::path(path);
    return std::find(parts.begin(), parts.end(), "..") == parts.end();
}

}  // namespace sparkgate::process
