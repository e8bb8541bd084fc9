// What is asked of a session's driver beside its statements: completion, and files, which may have been
// uploaded. Questions are not journaled and may be asked twice: both ask for nothing that happens twice.
#include "sparkgate/base/files.hpp"
#include "sparkgate/session/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sparkgate::session {
namespace {

constexpr auto completion_limit = std::chrono::milliseconds(1200);
constexpr auto resource_limit = std::chrono::seconds(60);
constexpr std::size_t questions_at_a_time = 32;

std::string_view to_string(resource_kind kind) {
    switch (kind) {
        case resource_kind::jar:
            return "jar";
        case resource_kind::pyfile:
            return "pyfile";
        case resource_kind::file:
            return "file";
    }
    return "";
}

// Runs in the pool for what blocks: an upload may be large. The session's directory is removed there too, and
// must not come back.
awaitable<result<void>> write_upload(std::filesystem::path session_directory, std::filesystem::path file,
                                     std::string_view content) {
    if (!std::filesystem::exists(session_directory)) co_return fail(errc::conflict, "the session has ended");
    if (auto made = make_private_directory(file.parent_path()); !made) co_return made;
    co_return write_file_atomically(file, content);
}

}  // namespace

awaitable<std::optional<driver::frame>> session::ask(json header, std::string payload,
                                                     std::chrono::milliseconds limit) {
    const auto self = shared_from_this();
    touch();
    if (questions_.size() >= questions_at_a_time) co_return std::nullopt;
    const auto number = next_question_++;
    header["req"] = number;
    const auto asked = std::make_shared<question>(question{std::move(header), std::move(payload), {}});
    questions_[number] = asked;
    if (link_) link_->send(asked->header, asked->payload);
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!asked->answer && is_active(state_) && std::chrono::steady_clock::now() < deadline)
        co_await changed_.wait_until(deadline);
    questions_.erase(number);
    co_return std::move(asked->answer);
}

void session::repeat_questions() {
    for (const auto& [number, asked] : questions_)
        link_->send(asked->header, asked->payload);
}

void session::on_answer(driver::frame received) {
    const auto found = questions_.find(received.integer("req"));
    if (found == questions_.end()) return;
    found->second->answer = std::move(received);
    changed_.notify();
}

awaitable<std::string> session::complete(code_kind kind, std::string code, std::int64_t cursor) {
    if (!link_ || !link_->connected()) co_return "[]";
    json header{{"op", "complete"}, {"kind", to_string(kind)}, {"cursor", cursor}};
    const auto got = co_await ask(std::move(header), std::move(code), completion_limit);
    const bool names = got && got->payload.starts_with('[') && is_json(got->payload);
    co_return names ? got->payload : "[]";
}

awaitable<result<void>> session::add_resource(resource_kind kind, std::string uri) {
    if (questions_.size() >= questions_at_a_time)
        co_return fail(errc::busy, "too many questions wait for the session's driver");
    json header{{"op", "add"}, {"kind", to_string(kind)}, {"uri", uri}};
    std::string no_payload;
    const auto got = co_await ask(std::move(header), std::move(no_payload), resource_limit);
    if (!is_active(state_))
        co_return fail(errc::conflict, "Session is in state " + std::string(to_string(state_)));
    if (!got) co_return fail(errc::timeout, "the session has not said in time whether it added " + uri);
    if (const auto why = got->text("error"); !why.empty()) co_return fail(errc::invalid_argument, why);
    co_return result<void>();
}

awaitable<result<std::filesystem::path>> session::keep_upload(std::string name, std::string_view content) {
    const auto self = shared_from_this();
    auto file = directory_ / "uploads" / std::to_string(next_upload_++) / name;
    auto work = write_upload(directory_, file, content);
    const auto written = co_await asio::co_spawn(world_.blocking, std::move(work), asio::use_awaitable);
    if (!written) co_return written.error();
    co_return file;
}

}  // namespace sparkgate::session
