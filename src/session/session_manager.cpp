#include "sparkgate/session/session_manager.hpp"

#include "sparkgate/config/session_keys.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>

namespace sparkgate::session {
namespace {

// Before a removal that the store refused is tried again.
constexpr auto store_pause = std::chrono::seconds(10);

bool all_digits(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= '0' && c <= '9'; });
}

std::vector<store::change> creation_of(const session& created, std::int64_t next_id) {
    std::vector<store::change> changes;
    changes.emplace_back(store::put_next_id{"session", next_id});
    changes.emplace_back(store::put_session{created.record()});
    return changes;
}

std::vector<store::change> removal_of(const session& removed) {
    std::vector<store::change> changes;
    changes.emplace_back(store::erase_session{removed.id()});
    return changes;
}

awaitable<void> remove_directory(std::filesystem::path directory) {
    std::error_code ec;
    std::filesystem::remove_all(directory, ec);
    if (ec) spdlog::warn("cannot remove {}: {}", directory.string(), ec.message());
    co_return;
}

}  // namespace

session_manager::session_manager(services world, std::int64_t next_id)
    : world_(std::move(world)), next_id_(next_id) {}

// The texts are Livy's: clients and users know them.
result<void> session_manager::check(const session_request& request) const {
    const auto& name = request.spark.name;
    if (name) {
        if (all_digits(*name)) return fail(errc::invalid_argument, "Invalid session name: " + *name);
        for (const auto& [id, other] : sessions_)
            if (!is_finished(other->state()) && other->request().spark.name == name)
                return fail(errc::invalid_argument, "Duplicate session name: Some(" + *name +
                                                        ") for session " + std::to_string(next_id_));
    }
    if (auto own = config::settings_of_session(world_.settings, request.spark.conf); !own) return own.error();
    if (auto prepared = process::prepare_conf(request.spark, world_.submit.rules); !prepared)
        return prepared.error();
    if (starting() >= static_cast<std::size_t>(world_.settings.max_creation))
        return fail(errc::busy, "Rejected, too many sessions are being created!");
    return {};
}

std::size_t session_manager::starting() const {
    return static_cast<std::size_t>(std::count_if(sessions_.begin(), sessions_.end(), [](const auto& entry) {
        return entry.second->state() == session_state::starting;
    }));
}

awaitable<result<std::shared_ptr<session>>> session_manager::create(session_request request,
                                                                    std::optional<std::string> owner) {
    if (!world_.settings.impersonation) request.spark.proxy_user.reset();
    if (auto checked = check(request); !checked) co_return checked.error();
    const std::int64_t id = next_id_++;
    // In the map before the first wait: the name is taken from now on.
    const auto created = sessions_[id] =
        std::make_shared<session>(world_, timer_, id, std::move(request), std::move(owner));
    if (const auto& name = created->request().spark.name) notes_.release_name(*name);
    auto written = co_await world_.store.commit(creation_of(*created, next_id_));
    if (!written) {
        created->abandon();
        sessions_.erase(id);
        world_.store.enqueue(removal_of(*created));  // its end was recorded
        co_return written.error();
    }
    created->launch();
    co_return created;
}

result<std::shared_ptr<session>> session_manager::find(const std::string& id_or_name) const {
    const auto unknown = [&](const std::optional<std::string>& why) {
        const std::string text = "Session '" + id_or_name + "' not found.";
        return fail(errc::not_found, why ? text + " It was removed: " + *why + "." : text);
    };
    if (!id_or_name.empty() && all_digits(id_or_name)) {
        std::int32_t id = 0;
        const auto end = id_or_name.data() + id_or_name.size();
        if (std::from_chars(id_or_name.data(), end, id).ec != std::errc())
            return fail(errc::invalid_argument, "For input string: \"" + id_or_name + "\"");
        const auto found = sessions_.find(id);
        if (found == sessions_.end()) return unknown(notes_.why(id));
        return found->second;
    }
    // The newest of that name: a finished one may still be listed beside its successor.
    for (auto at = sessions_.rbegin(); at != sessions_.rend(); ++at)
        if (at->second->request().spark.name == id_or_name) return at->second;
    return unknown(notes_.why(id_or_name));
}

std::vector<std::shared_ptr<session>> session_manager::all() const {
    std::vector<std::shared_ptr<session>> out;
    out.reserve(sessions_.size());
    for (const auto& [id, each] : sessions_)
        out.push_back(each);
    return out;
}

awaitable<result<void>> session_manager::remove(std::shared_ptr<session> which, std::string why) {
    const auto id = which->id();
    if (!removing_.insert(id).second) {
        while (removing_.contains(id))
            co_await changed_.wait_until(std::chrono::steady_clock::time_point::max());
        co_return fail(errc::not_found, "Session " + std::to_string(id) + " already stopped.");
    }
    co_await which->stop(why);
    co_await asio::co_spawn(world_.blocking, remove_directory(which->directory()), asio::use_awaitable);
    auto erased = co_await world_.store.commit(removal_of(*which));
    if (!erased) spdlog::error("session {}: its record could not be removed: {}", id, erased.error().message);
    if (erased) sessions_.erase(id);
    if (erased && !why.empty()) {
        spdlog::info("session {} was removed: {}", id, why);
        notes_.add(id, which->request().spark.name, std::move(why));
    }
    removing_.erase(id);
    changed_.notify();
    co_return erased;
}

awaitable<void> session_manager::expire_in_time() {
    for (;;) {
        co_await timer_.wait();
        expire();
    }
}

void session_manager::expire() {
    const auto now = world_.clock();
    for (const auto& each : all()) {
        auto next = each->expires();
        if (!next) continue;
        if (next->when > now) {
            timer_.ring_by(next->when);
        } else {
            auto work = remove_expired(each, std::move(next->why));
            asio::co_spawn(world_.executor, std::move(work), asio::detached);
        }
    }
}

awaitable<void> session_manager::remove_expired(std::shared_ptr<session> which, std::string why) {
    const auto removed = co_await remove(std::move(which), std::move(why));
    if (!removed && removed.error().code == errc::unavailable) timer_.ring_by(world_.clock() + store_pause);
}

void session_manager::release_waiters() {
    releases_waiters_ = true;
    for (const auto& [id, each] : sessions_)
        each->changed().notify();
}

awaitable<void> session_manager::stop_all(std::string reason) {
    for (const auto& each : all()) {
        auto stop = each->stop(reason);
        asio::co_spawn(world_.executor, std::move(stop), asio::detached);
    }
    for (const auto& each : all())
        co_await each->stop({});
}

}  // namespace sparkgate::session
