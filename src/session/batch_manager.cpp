#include "sparkgate/session/batch_manager.hpp"

namespace sparkgate::session {

void batch_manager::restore(const std::vector<store::batch_record>& known) {
    for (const auto& record : known)
        remember(std::make_shared<batch>(world_, timer_, record));
}

awaitable<result<creation<batch>>> batch_manager::create(batch_request request,
                                                         std::optional<std::string> owner,
                                                         std::optional<std::string> key) {
    auto check_own = [this](const batch_request& wanted) -> result<void> {
        const auto file = process::resolve_file(wanted.file, world_.submit.rules.files);
        if (!file) return file.error();
        return {};
    };
    auto make = [this](batch_request wanted, std::int64_t id, auto whose, auto named) {
        return std::make_shared<batch>(world_, timer_, id, std::move(wanted), std::move(whose),
                                       std::move(named));
    };
    return create_program<batch>(std::move(request), std::move(owner), std::move(key), check_own, make);
}

}  // namespace sparkgate::session
