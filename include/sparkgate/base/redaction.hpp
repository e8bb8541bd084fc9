// Which values are secrets, by Spark's own rule, and how texts are shown without them. Pure.
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

namespace sparkgate {

inline constexpr std::string_view redacted = "*********(redacted)";  // as in Spark's UI and logs

// What stands before the "@" of a URI's host is replaced, in every URI of the text:
// "https://user:password@h". A name alone stays where it may be no user's: "abfss://container@account".
std::string without_userinfo(std::string_view text);

// Finds what Spark would hide (spark.redaction.regex): its default words of all versions, and those of the
// operator. Takes a time that grows with the length of the text only.
class redactor {
public:
    redactor();

    // Adds a Java regular expression. Only these are understood: alternatives, "(?i)", letters, escaped
    // signs,
    // ".", "[abc]", and after any of them "?", "*" or "+"; upper and lower case are always the same. False:
    // it has something else, and nothing was added.
    bool add(std::string_view expression);

    bool is_secret(std::string_view text) const;

    // The value of a conf key: hidden where Spark hides it, which is where key or value match.
    std::string conf_value(std::string_view key, std::string_view value) const;
    // A file's URI: without its user, and without its query where that matches.
    std::string uri(std::string_view text) const;

private:
    struct atom {
        std::bitset<256> characters;
        bool may_be_absent = false, may_repeat = false;
    };
    using alternative = std::vector<atom>;  // at most 63 atoms

    static bool found(const alternative& wanted, std::string_view text);

    std::vector<alternative> alternatives_;
};

}  // namespace sparkgate
