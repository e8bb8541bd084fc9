#include "programs.hpp"

#include "errors.hpp"
#include "log_stream.hpp"
#include "parameters.hpp"
#include "program_filter.hpp"

namespace sparkgate::api {
namespace {

constexpr std::size_t longest_key = 255;
// Of the logs in a list, which would otherwise cost a look at each file.
constexpr std::chrono::milliseconds tolerated_age{100};

// Pointers, so that a page of ten thousand costs the page.
std::vector<program*> chosen(const program_manager& all, const program_filter& filter) {
    std::vector<program*> out;
    out.reserve(all.programs().size());
    for (const auto& each : all.programs())
        if (filter.empty() || filter.matches(*each)) out.push_back(each.get());
    if (filter.newest_first) std::reverse(out.begin(), out.end());
    return out;
}

}  // namespace

response list_programs(const program_manager& all, const request& from, view_function view) {
    const auto begin = int_parameter(from, "from"), size = int_parameter(from, "size");
    if (!begin) return to_response(begin.error());
    if (!size) return to_response(size.error());
    const auto filter = parse_filter(from);
    if (!filter) return to_response(filter.error());
    const auto found = chosen(all, *filter);
    const auto range = clip(begin->value_or(0), size->value_or(100), found.size());
    std::string body = "{\"from\":" + std::to_string(begin->value_or(0)) +
                       ",\"total\":" + std::to_string(found.size()) + ",\"sessions\":[";
    for (std::size_t i = range.begin; i < range.end; ++i) {
        if (i > range.begin) body += ',';
        body += view_text(*found[i], view, tolerated_age);
    }
    return json_response(body + "]}");
}

response program_state(const program& of) {
    const json body{{"id", of.id()}, {"state", session::to_string(of.state())}};
    return json_response(dump_json(body));
}

awaitable<response> program_log(const program_manager& all, program_pointer of, const request& from) {
    const auto follow = flag_parameter(from, "follow");
    if (!follow) co_return to_response(follow.error());
    const auto begin = int_parameter(from, "from"), size = int_parameter(from, "size");
    if (!begin) co_return to_response(begin.error());
    if (!size) co_return to_response(size.error());
    if (*follow) co_return co_await log_stream(all, std::move(of), *begin, *size);
    auto read = [first = *begin, count = *size](process::log_index& log) {
        return read_log(log, first, count);
    };
    const log_page page = co_await of->logs().run(of->log().path(), read);
    const json body{{"id", of->id()}, {"from", page.from}, {"total", page.total}, {"log", page.lines}};
    co_return json_response(dump_json(body));
}

awaitable<response> remove_program(program_manager& from, program_pointer which) {
    const auto removed = co_await from.remove(std::move(which));
    if (!removed) co_return to_response(removed.error());
    co_return json_response("{\"msg\":\"deleted\"}");
}

result<std::optional<std::string>> idempotency_key(const request& from) {
    const auto* key = from.header("idempotency-key");
    if (!key) return std::optional<std::string>();
    if (key->empty() || key->size() > longest_key)
        return fail(errc::invalid_argument, "Idempotency-Key: expected 1 to 255 characters");
    return std::optional<std::string>(*key);
}

response created_response(const char* collection, program& what, bool replayed, view_function view) {
    auto out = json_response(view_text(what, view), 201);
    out.headers.emplace_back("Location", std::string(collection) + "/" + std::to_string(what.id()));
    if (replayed) out.headers.emplace_back("Idempotent-Replay", "true");
    return out;
}

response creation_refused(const context& api, const error& why) {
    if (why.code == errc::invalid_argument) return msg_error(400, "Rejected, Reason: " + why.message);
    if (why.code == errc::busy && api.settings.capacity_is_400) return msg_error(400, why.message);
    return to_response(why);
}

}  // namespace sparkgate::api
