// Statements and completion.
#include "body.hpp"
#include "errors.hpp"
#include "handlers.hpp"
#include "parameters.hpp"
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

awaitable<response> statement_response(session_pointer owner, statement_pointer which, unsigned status) {
    auto output = co_await owner->output_of(which);
    if (!output) co_return to_response(output.error());
    co_return json_response(statement_view(*which, *output), status);
}

}  // namespace

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
    std::string body = "{\"total_statements\":" + std::to_string(count) + ",\"statements\":[";
    for (std::size_t i = range.begin; i < range.end; ++i) {
        auto output = co_await owner->output_of(all[i]);
        if (!output && output.error().code == errc::unavailable) co_return to_response(output.error());
        if (i > range.begin) body += ',';
        body += statement_view(*all[i], output ? *output : "null");
    }
    co_return json_response(body + "]}");
}

awaitable<response> create_statement(context& api, const request& from, const path_values& path) {
    static const std::vector<std::string> fields{"msg_type", "kind", "code"};
    const opened target = open_for_writing(api, path[0]);
    if (target.refused) co_return *target.refused;
    const auto owner = target.session;
    auto body = body_reader::parse(from.body, "org.apache.livy.ExecuteRequest", fields);
    if (!body) co_return text_error(400, body.error().message);
    auto code = body->text("code");
    const auto word = body->text("kind");
    if (body->error()) co_return text_error(400, body->error()->message);
    if (!code) co_return text_error(400, "The field \"code\" is missing.");
    const auto kind = kind_of(word, *owner);
    if (!kind) co_return text_error(400, kind.error().message);

    auto added = co_await owner->submit(*kind, with_unix_line_ends(std::move(*code)));
    if (!added && added.error().code == errc::conflict)
        co_return text_error(500, "java.lang.IllegalStateException: " + added.error().message);
    if (!added) co_return to_response(added.error());
    auto out = co_await statement_response(owner, *added, 201);
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
    co_return co_await statement_response(owner, *which, 200);
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
    static const std::vector<std::string> fields{"code", "kind", "cursor"};
    const opened target = open_for_writing(api, path[0]);
    if (target.refused) co_return *target.refused;
    const auto owner = target.session;
    auto body = body_reader::parse(from.body, "org.apache.livy.CompletionRequest", fields);
    if (!body) co_return text_error(400, body.error().message);
    auto code = body->text("code").value_or("");
    const auto word = body->text("kind");
    const auto cursor = body->integer("cursor");
    if (body->error()) co_return text_error(400, body->error()->message);
    const auto kind = kind_of(word, *owner);
    if (!kind) co_return text_error(400, kind.error().message);
    const auto position = cursor ? *cursor : static_cast<int>(code.size());
    const auto candidates = co_await owner->complete(*kind, std::move(code), position);
    co_return json_response("{\"candidates\":" + candidates + "}");
}

}  // namespace sparkgate::api
