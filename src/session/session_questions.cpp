// What is asked of a session's driver beside its statements: completion, and files. Questions are not
// journaled and may be asked twice: both ask for nothing that happens twice.
#include "sparkgate/obs/log.hpp"
#include "sparkgate/session/session.hpp"

namespace sparkgate::session {
namespace {

constexpr auto completion_limit = std::chrono::milliseconds(1200);
constexpr std::size_t questions_at_a_time = 32;
constexpr std::size_t largest_candidates = 1 << 20;  // bytes

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

}  // namespace

awaitable<std::shared_ptr<const session::question>> session::ask(json header, std::string payload,
                                                                 std::chrono::milliseconds limit) {
    const auto self = shared_from_this();
    touch();
    const auto number = next_question_++;
    header["req"] = number;
    const auto asked = std::make_shared<question>();
    asked->header = std::move(header);
    asked->payload = std::move(payload);
    if (questions_.size() >= questions_at_a_time ||
        !memory_->waiting_code.has_room_for(asked->payload.size()))
        co_return asked;
    budget::share held(memory_->waiting_code);
    held.hold(asked->payload.size());
    questions_[number] = asked;
    send(*asked);
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!asked->answer && is_active(state_) && std::chrono::steady_clock::now() < deadline)
        co_await changed_.wait_until(deadline);
    questions_.erase(number);
    co_return asked;
}

void session::send(question& what) {
    if (!link_ || !link_->connected()) return;
    link_->send(what.header, what.payload);
    what.sent = true;
}

void session::repeat_questions() {
    for (const auto& [number, asked] : questions_)
        send(*asked);
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
    const auto asked = co_await ask(std::move(header), std::move(code), completion_limit);
    const auto& got = asked->answer;
    const bool names = got && got->payload.starts_with('[') && got->payload.size() <= largest_candidates &&
                       is_json(got->payload);
    co_return names ? got->payload : "[]";
}

awaitable<result<addition>> session::add_resource(resource_kind kind, std::string uri,
                                                  std::chrono::milliseconds limit) {
    if (questions_.size() >= questions_at_a_time)
        co_return fail(errc::busy, "too many questions wait for the session's driver");
    json header{{"op", "add"}, {"kind", to_string(kind)}, {"uri", uri}};
    std::string no_payload;
    const auto asked = co_await ask(std::move(header), std::move(no_payload), limit);
    if (!is_active(state_))
        co_return fail(errc::conflict, "Session is in state " + std::string(to_string(state_)));
    if (!asked->sent) co_return fail(errc::unavailable, "the session's driver cannot be reached");
    if (!asked->answer) co_return addition::pending;
    if (const auto why = asked->answer->text("error"); !why.empty())
        co_return fail(errc::invalid_argument, obs::printable(why, 1000));
    co_return addition::done;
}

std::unique_ptr<upload> session::begin_upload(std::string name) {
    touch();
    return std::make_unique<upload>(world_.workers, uploads_, std::move(name));
}

}  // namespace sparkgate::session
