#include "trusted_way.hpp"

#include <algorithm>
#include <grp.h>
#include <pwd.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace sparkgate::app {
namespace fs = std::filesystem;

namespace {

bool is_ours(const struct stat& found) {
    return found.st_uid == 0 || found.st_uid == ::geteuid();
}

bool we_are_in(gid_t group) {
    std::vector<gid_t> all(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
    if (::getgroups(static_cast<int>(all.size()), all.data()) < 0) all.clear();
    return group == ::getegid() || std::find(all.begin(), all.end(), group) != all.end();
}

// Systems whose umask is 002 give each user a group of that user's name; a container may have one without
// any name.
bool is_for_us_alone(gid_t group) {
    if (group == 0) return true;  // root's
    if (!we_are_in(group)) return false;
    const passwd* us = ::getpwuid(::geteuid());
    const std::string name = us != nullptr ? us->pw_name : "";
    const struct group* found = ::getgrgid(group);
    if (found == nullptr) return true;
    if (found->gr_name != name) return false;
    for (char** member = found->gr_mem; *member != nullptr; ++member)
        if (*member != name) return false;
    return true;
}

result<void> check_directory(const fs::path& directory) {
    struct stat found {};
    if (::lstat(directory.c_str(), &found) != 0) return {};
    const auto refuse = [&](const std::string& why) {
        return fail(errc::unavailable, directory.string() + " " + why);
    };
    if (!is_ours(found))
        return refuse("belongs to another user (uid " + std::to_string(found.st_uid) +
                      "), who could replace what is in it");
    if ((found.st_mode & S_ISVTX) != 0) return {};
    if ((found.st_mode & S_IWOTH) != 0)
        return refuse("can be written by everybody, who could replace what is in it (chmod o-w or +t)");
    if ((found.st_mode & S_IWGRP) != 0 && !is_for_us_alone(found.st_gid))
        return refuse("can be written by its group, who could replace what is in it (chmod g-w or +t)");
    return {};
}

// The parts of `path`, the first one last.
void put_ahead(const fs::path& path, std::vector<fs::path>& ahead) {
    const std::vector<fs::path> parts(path.begin(), path.end());
    ahead.insert(ahead.end(), parts.rbegin(), parts.rend());
}

}  // namespace

result<void> check_way_to(const fs::path& path) {
    constexpr int most_links = 40;  // as the kernel's
    std::vector<fs::path> ahead;
    put_ahead(fs::absolute(path).relative_path(), ahead);
    fs::path here = "/";
    for (int links = 0; !ahead.empty() && links < most_links;) {
        const fs::path part = ahead.back();
        ahead.pop_back();
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            here = here.parent_path();
            continue;
        }
        if (auto safe = check_directory(here); !safe) return safe;
        struct stat found {};
        if (::lstat((here / part).c_str(), &found) != 0) return {};
        if (!S_ISLNK(found.st_mode)) {
            here /= part;
            continue;
        }
        ++links;
        if (!is_ours(found))
            return fail(errc::unavailable, (here / part).string() + " is another user's link");
        std::error_code ignored;
        const fs::path target = fs::read_symlink(here / part, ignored);
        put_ahead(target.relative_path(), ahead);
        if (target.is_absolute()) here = "/";
    }
    return {};
}

}  // namespace sparkgate::app
