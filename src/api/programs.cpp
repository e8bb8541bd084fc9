#include "programs.hpp"

#include "errors.hpp"
#include "log_stream.hpp"
#include "parameters.hpp"
#include "pieces.hpp"
#include "program_filter.hpp"

namespace sparkgate::api {
namespace {

// Of the logs in a list, which would otherwise cost a look at each file.
constexpr std::chrono::milliseconds tolerated_age{100};

// Programs of a list that are looked at together, and the text that is sent together.
constexpr std::size_t slice_programs = 64, slice_bytes = 64 * 1024;

// Pointers, so that a page of ten thousand costs the page.
std::vector<program*> chosen(const program_manager& all, const program_filter& filter) {
    std::vector<program*> out;
    out.reserve(all.programs().size());
    for (const auto& each : all.programs())
        if (filter.empty() || filter.matches(*each)) out.push_back(each.get());
    if (filter.newest_first) std::reverse(out.begin(), out.end());
    return out;
}

// The text of a list. Between two slices others have their turn; logs are read among the workers.
class program_list final : public piece_source {
public:
    program_list(worker_pool& workers, std::string head, std::vector<program_pointer> programs,
                 view_function view)
        : workers_(workers), head_(std::move(head)), programs_(std::move(programs)), view_(view) {}

    awaitable<result<bool>> next(std::string& out) override {
        if (next_ == 0) out += head_;
        const auto end = std::min(programs_.size(), next_ + slice_);
        std::vector<look> looks;
        for (auto i = next_; i < end; ++i)
            if (auto& each = *programs_[i]; !kept_view(each, view_, tolerated_age))
                looks.push_back({&each, each.log(), known_stamp(each, view_), {}});
        if (!looks.empty()) {
            auto work = [&looks] {
                for (auto& each : looks)
                    each.seen = look_at(each.log, each.known);
            };
            co_await workers_.run(lane::quick, std::move(work));
        }
        auto looked = looks.begin();
        const auto first = next_;
        for (const auto begin = out.size(); next_ < end && out.size() - begin < slice_bytes; ++next_) {
            auto& each = *programs_[next_];
            if (next_ > 0) out += ',';
            if (looked != looks.end() && looked->of == &each)
                out += view_text(each, view_, (looked++)->seen);
            else if (known_stamp(each, view_))
                out += each.last_shown()->text;
            else
                out += view_text(each, view_);  // it has changed meanwhile
        }
        slice_ = std::min(2 * (next_ - first), slice_programs);  // no more logs are read than are shown
        const bool more = next_ < programs_.size();
        if (!more) out += "]}";
        co_return more;
    }

private:
    struct look {
        program* of;
        process::log_file log;
        std::optional<process::log_file::stamp> known;
        log_look seen;
    };

    worker_pool& workers_;
    const std::string head_;
    const std::vector<program_pointer> programs_;
    const view_function view_;
    std::size_t next_ = 0, slice_ = slice_programs;
};

}  // namespace

awaitable<response> list_programs(const program_manager& all, const request& from, view_function view) {
    const auto begin = int_parameter(from, "from"), size = int_parameter(from, "size");
    if (!begin) co_return to_response(begin.error());
    if (!size) co_return to_response(size.error());
    const auto filter = parse_filter(from);
    if (!filter) co_return to_response(filter.error());
    const auto found = chosen(all, *filter);
    const auto range = clip(begin->value_or(0), size->value_or(100), found.size());
    std::string head = "{\"from\":" + std::to_string(begin->value_or(0)) +
                       ",\"total\":" + std::to_string(found.size()) + ",\"sessions\":[";
    std::vector<program_pointer> page;
    for (std::size_t i = range.begin; i < range.end; ++i)
        page.push_back(found[i]->shared_from_this());
    co_return co_await answer_with(
        std::make_shared<program_list>(all.workers(), std::move(head), std::move(page), view));
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
    auto read = [id = of->id(), first = *begin, count = *size](process::log_index& log) {
        const log_page page = read_log(log, first, count);
        const json body{{"id", id}, {"from", page.from}, {"total", page.total}, {"log", page.lines}};
        return dump_json(body);
    };
    auto text = co_await of->logs().run(of->log().path(), read);
    co_return json_response(std::move(text));
}

awaitable<response> remove_program(program_manager& from, program_pointer which) {
    const auto removed = co_await from.remove(std::move(which));
    if (!removed) co_return to_response(removed.error());
    co_return json_response("{\"msg\":\"deleted\"}");
}

result<std::optional<std::string>> idempotency_key(const request& from) {
    const auto* key = from.header("idempotency-key");
    if (!key) return std::optional<std::string>();
    if (key->empty()) return fail(errc::invalid_argument, "Idempotency-Key: must not be empty");
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
