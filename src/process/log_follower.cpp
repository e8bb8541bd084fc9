#include "sparkgate/process/log_follower.hpp"

#include "log_hole.hpp"
#include "read_at.hpp"

#include "sparkgate/base/own_file.hpp"

namespace sparkgate::process {
namespace {

constexpr std::size_t piece_bytes = 64u << 10;
// A line that a hole has cut is left out, but its end is not looked for without an end.
constexpr std::int64_t longest_cut_line = 1 << 20;

}  // namespace

std::string log_follower::read() {
    const auto fd = open_own_file(path_);
    const auto size = fd ? file_size(fd->get()) : 0;
    if (size <= offset_) return {};
    std::string text(std::min(piece_bytes, static_cast<std::size_t>(size - offset_)), '\0');
    text.resize(read_at(fd->get(), text.data(), text.size(), offset_));
    // What was removed reads as zeros; hardly any program prints one.
    if (text.find('\0') != std::string::npos) return step_over(fd->get(), size, std::move(text));
    // A piece stops within a line only where the file does: the shim may be about to remove the rest of it.
    if (const auto line_end = text.rfind('\n'); text.size() == piece_bytes && line_end != std::string::npos)
        text.resize(line_end + 1);
    return take(std::move(text), offset_ + static_cast<std::int64_t>(text.size()));
}

// The whole lines before the hole; then, at the next call, the line that stands for what is gone.
std::string log_follower::step_over(int fd, std::int64_t size, std::string text) {
    const auto hole = find_hole(fd, size);
    const auto end = offset_ + static_cast<std::int64_t>(text.size());
    if (hole.empty() || hole.begin >= end || hole.end <= offset_) return take(std::move(text), end);
    const auto before = static_cast<std::size_t>(std::max<std::int64_t>(hole.begin - offset_, 0));
    text.resize(text.substr(0, before).rfind('\n') + 1);  // 0 where there is none
    if (!text.empty()) {
        const auto next = offset_ + static_cast<std::int64_t>(text.size());
        return take(std::move(text), next);
    }
    const auto next = after_newlines(fd, hole.end, std::min(size, hole.end + longest_cut_line), 1);
    if (within_line_) text = '\n';
    return take(text.append(removal_line(next - offset_)), next);
}

std::string log_follower::take(std::string text, std::int64_t next) {
    offset_ = next;
    if (!text.empty()) within_line_ = text.back() != '\n';
    return text;
}

}  // namespace sparkgate::process
