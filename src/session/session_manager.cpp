#include "sparkgate/session/session_manager.hpp"

#include "sparkgate/config/session_keys.hpp"

namespace sparkgate::session {

awaitable<result<creation<session>>> session_manager::create(session_request request,
                                                             std::optional<std::string> owner,
                                                             std::optional<std::string> key) {
    if (!world_.settings.impersonation) request.spark.proxy_user.reset();
    std::optional<creation_key> named;
    if (key) named = creation_key{std::move(*key), fingerprint(dump_json(as_json(request)))};
    const auto earlier = co_await find_replayed(owner, named);
    if (!earlier) co_return earlier.error();
    creation<session> out{std::static_pointer_cast<session>(*earlier), *earlier != nullptr};
    if (out.replayed) co_return out;
    if (auto checked = check(request.spark); !checked) co_return checked.error();
    if (auto own = config::settings_of_session(world_.settings, request.spark.conf); !own)
        co_return own.error();
    auto place = reserve();
    if (!place) co_return place.error();
    out.what = std::make_shared<session>(world_, timer_, take_id(), std::move(request), std::move(owner),
                                         std::move(named));
    const auto admitted = co_await admit(out.what, std::move(*place));
    if (!admitted) co_return admitted.error();
    co_return out;
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
