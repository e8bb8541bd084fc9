// Statements and completion.
#include "body.hpp"
#include "errors.hpp"
#include "handlers.hpp"
#include "parameters.hpp"
#include "pieces.hpp"
#include "views.hpp"

#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/replace.hpp>
#include <boost/algorithm/string/trim.hpp>

namespace sparkgate::api {
namespace {

// The kind of a statement or completion: its own, else the session's.
result<session::code_kind> kind_of(const std::optional<std::string>& word, const session::session& owner) {
    const auto kind = word ? session::parse_kind(*word) : owner.request().kind;
    if (!kind) return fail(errc::invalid_argument, "Invalid kind: " + *word);
    if (*kind == session::code_kind::shared)
        return fail(errc::invalid_argument, "Code type should be specified if session kind is shared");
    return *kind;
}

// Livy runs code with the line ends of its own system, judged by the first that it finds.
std::string with_unix_line_ends(std::string code) {
    const auto first = code.find_first_of("\r\n");
    if (first == std::string::npos || code[first] == '\n') return code;
    boost::replace_all(code, code.compare(first, 2, "\r\n") == 0 ? "\r\n" : "\r", "\n");
    return code;
}

awaitable<response> statement_response(const context& api, session_pointer owner, statement_pointer which,
                                       unsigned status) {
    std::string body;
    const auto appended = co_await append_view(api, owner, which, body);
    if (!appended) co_return to_response(appended.error());
    co_return json_response(std::move(body), status);
}

class statement_list final : public piece_source {
public:
    statement_list(const context& api, session_pointer owner, std::string head,
                   std::vector<statement_pointer> statements)
        : api_(api), owner_(std::move(owner)), head_(std::move(head)), statements_(std::move(statements)) {}

    awaitable<result<bool>> next(std::string& out) override {
        if (next_ == 0) out += head_;
        if (next_ < statements_.size()) {
            if (next_ > 0) out += ',';
            const auto appended = co_await append_view(api_, owner_, statements_[next_++], out);
            if (!appended) co_return appended.error();
        }
        const bool more = next_ < statements_.size();
        if (!more) out += "]}";
        co_return more;
    }

private:
    const context& api_;
    const session_pointer owner_;
    const std::string head_;
    const std::vector<statement_pointer> statements_;
    std::size_t next_ = 0;
};

struct execution {
    std::string code;
    std::optional<std::string> kind;
};

result<execution> parse_execution(const std::string& text) {
    static const std::vector<std::string> fields{"msg_type", "kind", "code"};
    auto body = body_reader::parse(text, "org.apache.livy.ExecuteRequest", fields);
    if (!body) return body.error();
    auto code = body->text("code");
    (void)body->text("msg_type");
    auto kind = body->text("kind");
    if (body->error()) return *body->error();
    if (!code) return fail(errc::invalid_argument, "The field \"code\" is missing.");
    return execution{with_unix_line_ends(std::move(*code)), std::move(kind)};
}

struct completion {
    std::string code;
    std::optional<std::string> kind;
    int cursor = 0;
};

result<completion> parse_completion(const std::string& text) {
    static const std::vector<std::string> fields{"code", "kind", "cursor"};
    auto body = body_reader::parse(text, "org.apache.livy.CompletionRequest", fields);
    if (!body) return body.error();
    completion out{body->text("code").value_or(""), body->text("kind"), 0};
    out.cursor = body->integer("cursor").value_or(static_cast<int>(out.code.size()));
    if (body->error()) return *body->error();
    return out;
}

}  // namespace

// A text that is gone (the statement was forgotten meanwhile) counts as none.
awaitable<result<void>> append_view(const context& api, session_pointer owner, statement_pointer which,
                                    std::string& out) {
    auto code = co_await owner->code_of(which), output = co_await owner->output_of(which);
    for (const auto* text : {&code, &output})
        if (!*text && text->error().code == errc::unavailable) co_return text->error();
    if (!code) code = shared_text("");
    if (!output) output = shared_text("null");
    const session::statement shown = *which;  // as it is now: it changes on the event loop
    auto append = [&] { append_statement_view(out, shown, **code, **output); };
    co_await aside(api, code->size() + output->size(), std::move(append));
    co_return result<void>();
}

result<statement_pointer> find_statement(const session::session& owner, const std::string& number) {
    const auto id = parse_int(number);
    if (!id) return id.error();
    statement_pointer found = owner.statements().find(*id);
    if (!found) return fail(errc::not_found, "Statement not found");
    return found;
}

response statement_error(const error& e) {
    return e.code == errc::not_found ? text_error(404, e.message) : to_response(e);
}

awaitable<response> list_statements(context& api, const request& from, const path_values& path) {
    const opened target = open_for_reading(api, path[0]);
    if (target.refused) co_return *target.refused;
    const auto owner = target.session;
    const auto begin = int_parameter(from, "from"), size = int_parameter(from, "size");
    if (!begin) co_return to_response(begin.error());
    if (!size) co_return to_response(size.error());

    std::vector<statement_pointer> all(owner->statements().all().begin(), owner->statements().all().end());
    const std::string* order = from.parameter("order");
    if (order && boost::to_lower_copy(boost::trim_copy(*order)) == "desc")
        std::reverse(all.begin(), all.end());
    const auto count = static_cast<std::int64_t>(all.size());
    const auto range = clip(begin->value_or(0), size->value_or(count), all.size());
    std::string head = "{\"total_statements\":" + std::to_string(count) + ",\"statements\":[";
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(range.end), all.end());
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(range.begin));
    co_return co_await answer_with(
        std::make_shared<statement_list>(api, owner, std::move(head), std::move(all)));
}

awaitable<response> create_statement(context& api, const request& from, const path_values& path) {
    const opened target = open_for_writing(api, path[0]);
    if (target.refused) co_return *target.refused;
    const auto owner = target.session;
    auto parse = [&from] { return parse_execution(from.body); };
    auto wanted = co_await aside(api, from.body.size(), std::move(parse));
    if (!wanted) co_return text_error(400, wanted.error().message);
    const auto kind = kind_of(wanted->kind, *owner);
    if (!kind) co_return text_error(400, kind.error().message);

    auto added = co_await owner->submit(*kind, std::move(wanted->code));
    if (!added && added.error().code == errc::conflict)
        co_return text_error(500, "java.lang.IllegalStateException: " + added.error().message);
    if (!added) co_return to_response(added.error());
    auto out = co_await statement_response(api, owner, *added, 201);
    out.headers.emplace_back("Location", "/sessions/" + std::to_string(owner->id()) + "/statements/" +
                                             std::to_string((*added)->id));
    co_return out;
}

// Held until the statement has ended: who polls sees its result at once, without the pause between two
// questions.
awaitable<response> get_statement(context& api, const request& from, const path_values& path) {
    const opened target = open_for_reading(api, path[0]);
    if (target.refused) co_return *target.refused;
    const auto owner = target.session;
    const auto which = find_statement(*owner, path[1]);
    if (!which) co_return statement_error(which.error());
    const auto time = hold_time(from, api.settings, (*which)->told);
    if (!time) co_return to_response(time.error());
    auto ended = [&which] { return session::is_final((*which)->state); };
    co_await hold(api, owner, *time, (*which)->told, ended);
    co_return co_await statement_response(api, owner, *which, 200);
}

// What the statement has printed so far, from a byte position on. Not in Livy.
awaitable<response> get_statement_output(context& api, const request& from, const path_values& path) {
    const opened target = open_for_reading(api, path[0]);
    if (target.refused) co_return *target.refused;
    const auto owner = target.session;
    const auto which = find_statement(*owner, path[1]);
    if (!which) co_return statement_error(which.error());
    const auto begin = int_parameter(from, "from");
    if (!begin) co_return to_response(begin.error());
    const auto time = hold_time(from, api.settings, (*which)->told);
    if (!time) co_return to_response(time.error());

    const auto position = std::max<std::int64_t>(0, begin->value_or(0));
    session::output_page page;
    auto news = [&] {
        page = owner->printed().read((*which)->id, position);
        return !page.text.empty() || session::is_final((*which)->state);
    };
    co_await hold(api, owner, *time, (*which)->told, news);
    const json body{{"id", (*which)->id},
                    {"from", page.from},
                    {"next", page.next},
                    {"state", session::to_string((*which)->state)},
                    {"text", page.text}};
    co_return json_response(dump_json(body));
}

awaitable<response> cancel_statement(context& api, const request&, const path_values& path) {
    const opened target = open_for_writing(api, path[0]);
    if (target.refused) co_return *target.refused;
    const auto id = parse_int(path[1]);
    if (!id) co_return to_response(id.error());
    const auto owner = target.session;
    const auto asked = co_await owner->cancel(*id);
    if (!asked) co_return to_response(asked.error());
    co_return json_response("{\"msg\":\"canceled\"}");
}

awaitable<response> complete_code(context& api, const request& from, const path_values& path) {
    const opened target = open_for_writing(api, path[0]);
    if (target.refused) co_return *target.refused;
    const auto owner = target.session;
    auto parse = [&from] { return parse_completion(from.body); };
    auto wanted = co_await aside(api, from.body.size(), std::move(parse));
    if (!wanted) co_return text_error(400, wanted.error().message);
    const auto kind = kind_of(wanted->kind, *owner);
    if (!kind) co_return text_error(400, kind.error().message);
    const auto candidates = co_await owner->complete(*kind, std::move(wanted->code), wanted->cursor);
    co_return json_response("{\"candidates\":" + candidates + "}");
}

}  // namespace sparkgate::api
