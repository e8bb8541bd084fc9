#include "sparkgate/session/printed_output.hpp"

#include "sparkgate/base/files.hpp"
#include "sparkgate/base/own_file.hpp"

#include <algorithm>
#include <sys/stat.h>

namespace sparkgate::session {
namespace {

constexpr std::int64_t room_for_marks = 4096;
// Of a file that somebody made larger than any limit.
constexpr std::int64_t most_readable = 64 << 20;

// The end of the last whole UTF-8 character in `text`: a page must not cut one in two.
std::size_t whole_characters(std::string_view text) {
    std::size_t end = text.size();
    for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if ((byte & 0xC0) == 0x80) continue;
        const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
        if (length > back) end = text.size() - back;
        break;
    }
    return end;
}

std::int64_t size_of(const unique_fd& file) {
    struct stat found {};
    return ::fstat(file.get(), &found) == 0 ? found.st_size : 0;
}

}  // namespace

printed_output::printed_output(std::filesystem::path directory, std::uint64_t limit)
    : directory_(std::move(directory)), most_bytes_(static_cast<std::int64_t>(limit) + room_for_marks) {}

std::filesystem::path printed_output::file_of(std::int64_t statement) const {
    return directory_ / ("statement-" + std::to_string(statement) + ".out");
}

result<void> printed_output::keep(std::int64_t statement, std::optional<std::int64_t> at,
                                  std::string_view text) {
    const auto path = file_of(statement);
    const auto file = open_own_file(path, own_access::write);
    if (!file) return file.error();
    const auto from = at.value_or(size_of(*file));
    const auto size = static_cast<std::int64_t>(text.size());
    if (from < 0 || from > most_bytes_ || size > most_bytes_ - from)
        return fail(errc::invalid_argument, "text beyond what a statement may print");
    if (::pwrite(file->get(), text.data(), text.size(), from) != size) return io_error("cannot write", path);
    return {};
}

output_page printed_output::read(std::int64_t statement, std::int64_t from, std::size_t most) const {
    output_page page{from, from, {}};
    const auto file = open_own_file(file_of(statement));
    const auto end = file ? std::min(size_of(*file), most_readable) : 0;
    if (from < 0 || from >= end) return page;
    page.text.resize(std::min(most, static_cast<std::size_t>(end - from)));
    const ssize_t n = ::pread(file->get(), page.text.data(), page.text.size(), from);
    page.text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    page.text.resize(whole_characters(page.text));
    page.next = from + static_cast<std::int64_t>(page.text.size());
    return page;
}

std::int64_t printed_output::size(std::int64_t statement) const {
    const auto file = open_own_file(file_of(statement));
    return file ? std::min(size_of(*file), most_readable) : 0;
}

void printed_output::remove(std::int64_t statement) {
    std::error_code ignored;
    std::filesystem::remove(file_of(statement), ignored);
}

}  // namespace sparkgate::session
