#include "sparkgate/session/batch_manager.hpp"

#include <algorithm>

namespace sparkgate::session {
namespace {

// Among those of which only so many are kept.
bool counts(const program& one) {
    return is_finished(one.state()) && !one.damaged();
}

}  // namespace

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

void batch_manager::count() {
    const auto finished = static_cast<std::size_t>(
        std::count_if(programs().begin(), programs().end(),
                      [](const program_pointer& each) { return counts(*each); }));
    const auto kept = static_cast<std::size_t>(settings().batch_retain_count);
    too_many_ = finished > kept ? finished - kept : 0;
}

// The oldest go first.
std::optional<std::string> batch_manager::surplus(const program& one) {
    if (too_many_ == 0 || !counts(one)) return {};
    --too_many_;
    return std::to_string(settings().batch_retain_count) + " newer ones have ended";
}

}  // namespace sparkgate::session
