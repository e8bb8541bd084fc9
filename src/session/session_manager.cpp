#include "sparkgate/session/session_manager.hpp"

#include "sparkgate/config/session_keys.hpp"

namespace sparkgate::session {

awaitable<result<creation<session>>> session_manager::create(session_request request,
                                                             std::optional<std::string> owner,
                                                             std::optional<std::string> key) {
    auto check_own = [this](const session_request& wanted) -> result<void> {
        const auto own = config::settings_of_session(world_.settings, wanted.spark.conf);
        if (!own) return own.error();
        return {};
    };
    auto make = [this](session_request wanted, std::int64_t id, auto whose, auto named) {
        return std::make_shared<session>(world_, timer_, id, std::move(wanted), std::move(whose),
                                         std::move(named));
    };
    return create_program<session>(std::move(request), std::move(owner), std::move(key), check_own, make);
}

void session_manager::restore(const store::contents& known) {
    auto next = known.statements.begin();
    for (const auto& record : known.sessions) {
        std::vector<store::statement_record> own;
        while (next != known.statements.end() && next->session < record.id)
            ++next;
        for (; next != known.statements.end() && next->session == record.id; ++next)
            own.push_back(*next);
        remember(std::make_shared<session>(world_, timer_, record, own));
    }
}

result<std::shared_ptr<session>> session_manager::find(const std::string& id_or_name) const {
    const auto found = find_program(id_or_name);
    if (!found) return found.error();
    return std::static_pointer_cast<session>(*found);
}

std::vector<std::shared_ptr<session>> session_manager::all() const {
    std::vector<std::shared_ptr<session>> out;
    out.reserve(programs().size());
    for (const auto& each : programs())
        out.push_back(std::static_pointer_cast<session>(each));
    return out;
}

}  // namespace sparkgate::session
