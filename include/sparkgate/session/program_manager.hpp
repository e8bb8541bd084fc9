// All programs of one collection (sessions, batches): ids, names, creation, removal. Thread: the event loop's
// only.
#pragma once

#include "sparkgate/session/program.hpp"
#include "sparkgate/session/removal_notes.hpp"
#include "sparkgate/session/request.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace sparkgate::session {

using program_pointer = std::shared_ptr<program>;

template <class Program>
struct creation {
    std::shared_ptr<Program> what;
    bool replayed = false;  // an earlier request with the same Idempotency-Key created it
};

class program_manager {
public:
    // `next_id` is the first id to give out (ids are never reused, also not after a restart); `counter` its
    // name in the store.
    program_manager(services world, std::string counter, std::int64_t next_id);
    program_manager(const program_manager&) = delete;
    program_manager& operator=(const program_manager&) = delete;

    const config::settings& settings() const { return world_.settings; }
    worker_pool& workers() const { return world_.workers; }

    // In order of id.
    const std::vector<program_pointer>& programs() const { return programs_; }

    // By number, or by name where the text is not all digits. Errors: not_found, invalid_argument (number too
    // large). The text about one that removed itself says why.
    result<program_pointer> find_program(const std::string& id_or_name) const;

    // Ends the program and forgets it: when this resolves no process, file or record of it is left, but if
    // the store refuses, the last two go when it does not any more; a later gateway process goes on with
    // that. Errors: not_found when it was being removed already (resolves when that is done); unavailable and
    // no_space when its directory takes no mark, and nothing was done. `why` is empty when a client asked.
    awaitable<result<void>> remove(program_pointer which, std::string why = {});

    // Goes on with what was restored: lists it, and what had not ended goes on. Once, before any other call
    // but restore().
    void resume();

    // Removes programs at the time they expire; to be spawned once, for the gateway's life.
    awaitable<void> expire_in_time();
    // Begins to remove all that have expired by now.
    void expire();

    // For the gateway's stop: whoever waits for a program's change is woken, and no answer is held from now
    // on.
    void release_waiters();
    bool releases_waiters() const { return releases_waiters_; }

    // Ends all programs, for the gateway's stop. They stay in the store.
    awaitable<void> stop_all(std::string reason);

protected:
    ~program_manager() = default;

    // The frame of every creation. Resolves with what an earlier request with this key created; else checks
    // the request (`check_own`: what only this kind of program has), lists, records and starts make(request,
    // id, owner, key), and resolves when the record is durable. A refused request leaves nothing behind.
    // Errors: invalid_argument in Livy's words (name, conf, files), mismatch (the key belongs to another
    // request), busy (too many wait for their start, or hold too much memory), unavailable (store).
    template <class Program, class Request, class Check, class Make>
    awaitable<result<creation<Program>>> create_program(Request request, std::optional<std::string> owner,
                                                        std::optional<std::string> key, Check check_own,
                                                        Make make);

    // One that an earlier gateway process left in the store, in order of id. Nothing is done with it yet.
    void remember(program_pointer known) { restored_.push_back(std::move(known)); }

    services world_;
    alarm_clock timer_;

private:
    result<void> check(const process::spark_request& request) const;
    awaitable<result<program_pointer>> find_replayed(std::optional<std::string> owner,
                                                     std::optional<creation_key> key);
    result<launch_queue::place> reserve(std::size_t request_bytes);
    awaitable<result<void>> admit(program_pointer created, launch_queue::place place);
    awaitable<result<void>> record_creation(program_pointer created);

    // How many that have ended are kept; the oldest go first.
    virtual std::size_t retain_count() const = 0;
    std::size_t count_surplus() const;

    void adopt(program_pointer known);
    void list(program_pointer what);
    void unlist(const program& what);
    awaitable<void> remove_expired(program_pointer which, std::string why);
    awaitable<result<void>> carry_out(program_pointer which, std::string why);
    awaitable<result<void>> clear(program_pointer which);
    awaitable<void> clear_in_time(program_pointer which);

    const std::string counter_;
    std::int64_t next_id_;
    std::vector<program_pointer> programs_;
    std::vector<program_pointer> restored_;         // until resume()
    std::map<std::string, program_pointer> keyed_;  // by owner and Idempotency-Key
    std::set<std::int64_t> removing_;
    removal_notes notes_;
    change_signal changed_;
    bool releases_waiters_ = false;
};

template <class Program, class Request, class Check, class Make>
awaitable<result<creation<Program>>> program_manager::create_program(Request request,
                                                                     std::optional<std::string> owner,
                                                                     std::optional<std::string> key,
                                                                     Check check_own, Make make) {
    if (!world_.settings.impersonation) request.spark.proxy_user.reset();
    std::optional<creation_key> named;
    if (key) named = creation_key{std::move(*key), fingerprint(dump_json(as_json(request)))};
    const auto earlier = co_await find_replayed(owner, named);
    if (!earlier) co_return earlier.error();
    creation<Program> out{std::static_pointer_cast<Program>(*earlier), *earlier != nullptr};
    if (out.replayed) co_return out;
    if (const auto checked = check(request.spark); !checked) co_return checked.error();
    if (const auto checked = check_own(request); !checked) co_return checked.error();
    if (next_id_ > INT32_MAX)
        co_return fail(errc::unavailable, "no ids are left");  // clients read Java's int
    auto place = reserve(bytes_of(request));
    if (!place) co_return place.error();
    out.what = make(std::move(request), next_id_++, std::move(owner), std::move(named));
    const auto admitted = co_await admit(out.what, std::move(*place));
    if (!admitted) co_return admitted.error();
    co_return out;
}

}  // namespace sparkgate::session
