#include "sparkgate/process/application_output.hpp"

#include "sparkgate/process/application_words.hpp"

#include <charconv>

namespace sparkgate::process {
namespace {

constexpr std::size_t longest_line = 4096;

// The word after `before` in the line (up to a blank or one of `ends`); nothing if it is not there.
std::optional<std::string> word_after(std::string_view line, std::string_view before,
                                      std::string_view ends = " ") {
    const auto at = line.find(before);
    if (at == std::string_view::npos) return {};
    const auto rest = line.substr(at + before.size());
    return std::string(rest.substr(0, rest.find_first_of(ends)));
}

bool is_yarn_id(std::string_view word) {
    return word.starts_with("application_") && is_app_id(word);
}

std::optional<std::uint16_t> port_of(const std::string& word) {
    std::uint16_t port = 0;
    const auto [end, ec] = std::from_chars(word.data(), word.data() + word.size(), port);
    return ec == std::errc() && end != word.data() && port != 0 ? std::optional(port) : std::nullopt;
}

}  // namespace

void application_output::take(std::string_view block) {
    while (!block.empty()) {
        const auto newline = block.find('\n');
        const auto some = block.substr(0, newline);
        if (rest_.size() + some.size() > longest_line) too_long_ = true;
        if (!too_long_) rest_ += some;
        if (newline == std::string_view::npos) return;
        if (!too_long_) take_line(rest_);
        rest_.clear();
        too_long_ = false;
        block.remove_prefix(newline + 1);
    }
}

void application_output::take_line(std::string_view line) {
    if (const auto port = word_after(line, "Successfully started service 'SparkUI' on port ", ". "))
        facts_.ui_port = port_of(*port);
    if (line.find("Starting executor ID driver on host ") != std::string_view::npos)
        facts_.driver_started = true;
    if (auto id = word_after(line, "Connected to Spark cluster with app ID "); id && is_app_id(*id)) {
        facts_.app_id = std::move(*id);
        facts_.driver_started = true;
    }
    if (auto id = word_after(line, "Submitted application "); id && is_yarn_id(*id))
        facts_.app_id = std::move(*id);
    if (auto id = word_after(line, "Application report for "); id && is_yarn_id(*id)) {
        facts_.app_id = std::move(*id);
        if (auto state = word_after(line, "(state: ", ")")) facts_.cluster_state = std::move(*state);
    }
    if (auto url = word_after(line, "tracking URL: "); url && is_page_url(*url))
        facts_.tracking_url = std::move(*url);
    if (line.find("Deployed Spark application ") != std::string_view::npos)
        if (auto id = word_after(line, " with application ID "); id && is_app_id(*id))
            facts_.app_id = std::move(*id);
    if (line.find("Application status for ") != std::string_view::npos)
        if (auto phase = word_after(line, "(phase: ", ")")) facts_.cluster_state = std::move(*phase);
}

}  // namespace sparkgate::process
