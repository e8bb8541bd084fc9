// All sessions of this gateway: ids, names, creation, removal. Thread: the event loop's only.
#pragma once

#include "sparkgate/session/removal_notes.hpp"
#include "sparkgate/session/session.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace sparkgate::session {

class session_manager {
public:
    // `next_id` is the first id to give out (ids are never reused, also not after a restart).
    session_manager(services world, std::int64_t next_id);

    // Registers, records and starts a session; resolves when the record is durable. Errors: invalid_argument
    // (name, conf, files), busy (too many are starting), unavailable (store). A refused request leaves
    // nothing behind.
    awaitable<result<std::shared_ptr<session>>> create(session_request request,
                                                       std::optional<std::string> owner);

    // By number, or by name where the text is not all digits. Errors: not_found, invalid_argument (number too
    // large). The text about a session that removed itself says why.
    result<std::shared_ptr<session>> find(const std::string& id_or_name) const;

    // A file that a client names, as Spark is to find it. Errors: invalid_argument (see
    // process::resolve_file).
    result<std::string> resolve_file(const std::string& uri) const {
        return process::resolve_file(uri, world_.submit.rules.files);
    }

    // In order of id.
    std::vector<std::shared_ptr<session>> all() const;

    // Ends the session and forgets it: when this resolves no process, file or record of it is left. Errors:
    // not_found when it was being removed already (resolves when that is done), unavailable (store: the
    // session has ended but stays listed, and may be removed again). `why` is empty when a client asked.
    awaitable<result<void>> remove(std::shared_ptr<session> which, std::string why = {});

    // Removes sessions at the time they expire; to be spawned once, for the gateway's life.
    awaitable<void> expire_in_time();
    // Begins to remove all that have expired by now.
    void expire();

    // For the gateway's stop: whoever waits for a session's change is woken, and no answer is held from now
    // on.
    void release_waiters();
    bool releases_waiters() const { return releases_waiters_; }

    // Ends all sessions, for the gateway's stop. They stay in the store.
    awaitable<void> stop_all(std::string reason);

private:
    result<void> check(const session_request& request) const;
    std::size_t starting() const;
    awaitable<void> remove_expired(std::shared_ptr<session> which, std::string why);

    services world_;
    alarm_clock timer_;
    std::int64_t next_id_;
    std::map<std::int64_t, std::shared_ptr<session>> sessions_;
    std::set<std::int64_t> removing_;
    removal_notes notes_;
    change_signal changed_;
    bool releases_waiters_ = false;
};

}  // namespace sparkgate::session
