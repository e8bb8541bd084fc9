#include "sparkgate/session/batch_manager.hpp"

#include <algorithm>

namespace sparkgate::session {

batch_manager::batch_manager(services world, const std::vector<store::batch_record>& known,
                             std::int64_t next_id)
    : program_manager(std::move(world), "batch", next_id) {
    for (const auto& record : known)
        adopt(std::make_shared<batch>(world_, timer_, record));
    timer_.ring_by(world_.clock());  // more may be kept than are to be kept now
}

awaitable<result<creation<batch>>> batch_manager::create(batch_request request,
                                                         std::optional<std::string> owner,
                                                         std::optional<std::string> key) {
    if (!world_.settings.impersonation) request.spark.proxy_user.reset();
    std::optional<creation_key> named;
    if (key) named = creation_key{std::move(*key), fingerprint(dump_json(as_json(request)))};
    const auto earlier = co_await find_replayed(owner, named);
    if (!earlier) co_return earlier.error();
    creation<batch> out{std::static_pointer_cast<batch>(*earlier), *earlier != nullptr};
    if (out.replayed) co_return out;
    if (auto checked = check(request.spark); !checked) co_return checked.error();
    if (auto file = process::resolve_file(request.file, world_.submit.rules.files); !file)
        co_return file.error();
    auto place = reserve();
    if (!place) co_return place.error();
    out.what = std::make_shared<batch>(world_, timer_, take_id(), std::move(request), std::move(owner),
                                       std::move(named));
    const auto admitted = co_await admit(out.what, std::move(*place));
    if (!admitted) co_return admitted.error();
    co_return out;
}

void batch_manager::count() {
    const auto finished = static_cast<std::size_t>(
        std::count_if(programs().begin(), programs().end(),
                      [](const program_pointer& each) { return is_finished(each->state()); }));
    const auto kept = static_cast<std::size_t>(settings().batch_retain_count);
    too_many_ = finished > kept ? finished - kept : 0;
}

// The oldest go first.
std::optional<std::string> batch_manager::surplus(const program& one) {
    if (too_many_ == 0 || !is_finished(one.state())) return {};
    --too_many_;
    return std::to_string(settings().batch_retain_count) + " newer ones have ended";
}

}  // namespace sparkgate::session
