// How handlers find the session that their path names.
#include "errors.hpp"
#include "handlers.hpp"

namespace sparkgate::api {

result<session_pointer> find_session(const context& api, const std::string& id_or_name) {
    auto found = api.sessions.find(id_or_name);
    if (found) (*found)->heard_from();
    return found;
}

response not_active(const session::session& ended) {
    std::string text = "requirement failed: Session isn't active.";
    if (!ended.reason().empty()) text += " It ended: " + ended.reason();
    return msg_error(400, text);
}

opened open_for_reading(const context& api, const std::string& id_or_name) {
    auto found = find_session(api, id_or_name);
    if (!found) return {nullptr, to_response(found.error())};
    if (session::is_active((*found)->state())) return {*found, {}};
    return {nullptr, not_active(**found)};
}

opened open_for_writing(const context& api, const std::string& id_or_name) {
    auto found = find_session(api, id_or_name);
    if (!found) return {nullptr, to_response(found.error())};
    const auto& session = **found;
    if (session::is_active(session.state())) return {*found, {}};
    std::string text = "java.lang.IllegalStateException: Session is in state ";
    text += session::to_string(session.state());
    if (!session.reason().empty()) text += " (" + session.reason() + ")";
    return {nullptr, text_error(500, text)};
}

}  // namespace sparkgate::api
