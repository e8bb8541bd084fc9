#include "sparkgate/session/program_manager.hpp"

#include "pause.hpp"

#include "sparkgate/base/crash_point.hpp"
#include "sparkgate/base/remove_tree.hpp"
#include "sparkgate/base/spawn.hpp"
#include "sparkgate/obs/log.hpp"

#include <algorithm>
#include <charconv>

namespace sparkgate::session {
namespace {

// Before an expired program whose removal was refused is looked at again.
constexpr auto removal_pause = std::chrono::seconds(10);

bool all_digits(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= '0' && c <= '9'; });
}

bool by_id(const program_pointer& one, std::int64_t id) {
    return one->id() < id;
}

// The zero byte is in no owner's name.
std::string index_of(const std::optional<std::string>& owner, const std::string& key) {
    return owner.value_or("") + '\0' + key;
}

// Among those of which only so many are kept.
bool may_go(const program& one) {
    return is_finished(one.state()) && !one.damaged();
}

awaitable<void> remove_directory(worker_pool& workers, std::filesystem::path directory) {
    auto remove = [directory = std::move(directory)] {
        const auto removed = remove_tree(directory);
        if (!removed) spdlog::warn("{}", obs::printable(removed.error().message));
    };
    co_await workers.run(lane::slow, std::move(remove));
}

std::vector<store::change> creation_of(const program& created, const std::string& counter,
                                       std::int64_t next_id) {
    std::vector<store::change> changes;
    changes.emplace_back(store::put_next_id{counter, next_id});
    changes.push_back(created.creation());
    return changes;
}

}  // namespace

program_manager::program_manager(services world, std::string counter, std::int64_t next_id)
    : world_(std::move(world)), counter_(std::move(counter)), next_id_(next_id) {}

// The texts are Livy's: clients and users know them.
result<void> program_manager::check(const process::spark_request& request) const {
    if (const auto& name = request.name) {
        if (all_digits(*name)) return fail(errc::invalid_argument, "Invalid session name: " + *name);
        for (const auto& other : programs_)
            if (!is_finished(other->state()) && other->name() == name)
                return fail(errc::invalid_argument, "Duplicate session name: Some(" + *name +
                                                        ") for session " + std::to_string(next_id_));
    }
    if (auto prepared = process::prepare_conf(request, world_.submit.rules); !prepared)
        return prepared.error();
    return {};
}

result<launch_queue::place> program_manager::reserve(std::size_t request_bytes) {
    if (!world_.memory->requests.has_room_for(request_bytes))
        return fail(errc::busy,
                    "Rejected, the requests of all sessions and batches would take more memory than "
                    "server.session.requests-size allows (" +
                        std::to_string(world_.memory->requests.most()) + " bytes)");
    auto place = world_.launches.reserve();
    if (!place) return fail(errc::busy, "Rejected, too many sessions are being created!");
    return std::move(*place);
}

awaitable<result<program_pointer>> program_manager::find_replayed(std::optional<std::string> owner,
                                                                  std::optional<creation_key> key) {
    while (key) {
        const auto found = keyed_.find(index_of(owner, key->key));
        if (found == keyed_.end()) break;
        const auto first = found->second;
        if (first->key()->fingerprint != key->fingerprint)
            co_return fail(errc::mismatch, "The Idempotency-Key \"" + key->key +
                                               "\" was used for another request, which created " +
                                               std::to_string(first->id()) + ".");
        if (first->recorded()) co_return first;
        co_await first->changed().wait_until(std::chrono::steady_clock::time_point::max());
    }
    co_return program_pointer();
}

awaitable<result<void>> program_manager::admit(program_pointer created, launch_queue::place place) {
    // Listed before the first wait: name and key are taken from now on.
    list(created);
    if (created->name()) notes_.release_name(*created->name());
    const auto admitted = co_await record_creation(created);
    if (!admitted) {
        unlist(*created);
        created->abandon();
        co_await remove_directory(world_.workers, created->directory());
        co_return admitted.error();
    }
    crash_point("create.recorded");
    created->set_recorded();
    created->start(std::move(place));
    crash_point("create.started");
    co_return result<void>();
}

// An exception must not leave it listed for ever, without a record and without a start.
awaitable<result<void>> program_manager::record_creation(program_pointer created) {
    try {
        created->clear_place();
        auto done = created->make_directory();
        crash_point("create.before-record");
        if (done) done = co_await world_.store.commit(creation_of(*created, counter_, next_id_));
        co_return done;
    } catch (const std::exception& bug) {
        co_return fail(errc::internal, bug.what());
    }
}

void program_manager::resume() {
    for (auto& each : std::exchange(restored_, {}))
        adopt(std::move(each));
    timer_.ring_by(world_.clock());  // more may be kept than are to be kept now
}

void program_manager::adopt(program_pointer known) {
    crash_point("recover.adopting");
    known->on_adopted();
    if (!is_finished(known->state()) || known->damaged()) known->resume(world_.launches.readmit());
    const bool leaves = known->removal_marked();
    // One that was being removed is shown until it has ended, so that its DELETE can be repeated.
    if (!leaves || !is_finished(known->state())) list(known);
    if (leaves) {
        spawn(world_.executor, "a removal that was cut off", remove_expired(std::move(known), {}));
    } else if (const auto next = known->expires()) {
        timer_.ring_by(next->when);
    }
}

void program_manager::list(program_pointer what) {
    if (what->key()) keyed_[index_of(what->owner(), what->key()->key)] = what;
    programs_.push_back(std::move(what));
}

void program_manager::unlist(const program& what) {
    if (what.key()) {
        const auto keyed = keyed_.find(index_of(what.owner(), what.key()->key));
        if (keyed != keyed_.end() && keyed->second.get() == &what) keyed_.erase(keyed);
    }
    const auto at = std::lower_bound(programs_.begin(), programs_.end(), what.id(), by_id);
    if (at != programs_.end() && at->get() == &what) programs_.erase(at);
}

result<program_pointer> program_manager::find_program(const std::string& id_or_name) const {
    const auto unknown = [&](const std::optional<std::string>& why) {
        return fail(errc::not_found, "Session '" + id_or_name + "' not found.", why.value_or(""));
    };
    if (!id_or_name.empty() && all_digits(id_or_name)) {
        std::int32_t id = 0;
        const auto end = id_or_name.data() + id_or_name.size();
        if (std::from_chars(id_or_name.data(), end, id).ec != std::errc())
            return fail(errc::invalid_argument, "For input string: \"" + id_or_name + "\"");
        const auto at = std::lower_bound(programs_.begin(), programs_.end(), id, by_id);
        if (at == programs_.end() || (*at)->id() != id) return unknown(notes_.why(id));
        return *at;
    }
    // The newest of that name: a finished one may still be listed beside its successor.
    for (auto at = programs_.rbegin(); at != programs_.rend(); ++at)
        if ((*at)->name() == id_or_name) return *at;
    return unknown(notes_.why(id_or_name));
}

awaitable<result<void>> program_manager::remove(program_pointer which, std::string why) {
    const auto id = which->id();
    if (!removing_.insert(id).second) {
        while (removing_.contains(id))
            co_await changed_.wait_until(std::chrono::steady_clock::time_point::max());
        co_return fail(errc::not_found, "Session " + std::to_string(id) + " already stopped.");
    }
    const auto outcome = co_await carry_out(which, why);
    if (outcome && !why.empty()) {
        spdlog::info("{} {} was removed: {}", counter_, id, why);
        notes_.add(id, which->name(), std::move(why));
    }
    removing_.erase(id);
    changed_.notify();
    co_return outcome;
}

// An exception must not leave it among those that are being removed, where others would wait for it.
awaitable<result<void>> program_manager::carry_out(program_pointer which, std::string why) {
    try {
        auto marked = which->mark_removal();
        if (!marked) co_return marked;
        crash_point("remove.marked");
        co_await which->stop(std::move(why));
        crash_point("remove.stopped");
        if (const auto left = co_await clear(which); !left) {
            spdlog::error("{} {}: its record could not be removed yet: {}", counter_, which->id(),
                          left.error().message);
            spawn(world_.executor, "the removal of a record", clear_in_time(which));
        }
        unlist(*which);
        co_return marked;
    } catch (const std::exception& bug) {
        co_return fail(errc::internal, bug.what());
    }
}

// The record first: a later gateway process removes a directory without one, but a record without a directory
// would look like something that has yet to be started.
awaitable<result<void>> program_manager::clear(program_pointer which) {
    auto erased = co_await which->erase();
    crash_point("remove.erased");
    if (!erased) co_return erased;
    co_await remove_directory(world_.workers, which->directory());
    crash_point("remove.emptied");
    co_return erased;
}

awaitable<void> program_manager::clear_in_time(program_pointer which) {
    for (;;) {
        co_await pause(world_.executor, store_pause);
        const auto cleared = co_await clear(which);
        if (cleared) co_return;
    }
}

awaitable<void> program_manager::expire_in_time() {
    for (;;) {
        co_await timer_.wait();
        expire();
    }
}

void program_manager::expire() {
    const auto now = world_.clock();
    auto too_many = count_surplus();
    for (const auto& each : std::vector<program_pointer>(programs_)) {
        auto next = each->expires();
        std::optional<std::string> why;
        if (too_many > 0 && may_go(*each)) {
            --too_many;
            why = std::to_string(retain_count()) + " newer ones have ended";
        } else if (next && next->when <= now) {
            why = std::move(next->why);
        }
        if (why) {
            spawn(world_.executor, "a removal", remove_expired(each, std::move(*why)));
        } else if (next) {
            timer_.ring_by(next->when);
        }
    }
}

std::size_t program_manager::count_surplus() const {
    const auto finished = static_cast<std::size_t>(
        std::count_if(programs_.begin(), programs_.end(), [](const auto& each) { return may_go(*each); }));
    return finished - std::min(finished, retain_count());
}

awaitable<void> program_manager::remove_expired(program_pointer which, std::string why) {
    const auto removed = co_await remove(std::move(which), std::move(why));
    if (!removed && removed.error().code != errc::not_found) timer_.ring_by(world_.clock() + removal_pause);
}

void program_manager::release_waiters() {
    releases_waiters_ = true;
    for (const auto& each : programs_)
        each->changed().notify();
}

awaitable<void> program_manager::stop_all(std::string reason) {
    const auto all = programs_;
    for (const auto& each : all) {
        spawn(world_.executor, "a stop", each->stop(reason));
    }
    for (const auto& each : all)
        co_await each->stop({});
}

}  // namespace sparkgate::session
