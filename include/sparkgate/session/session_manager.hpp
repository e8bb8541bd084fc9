// The sessions of this gateway. Thread: the event loop's only.
#pragma once

#include "sparkgate/session/program_manager.hpp"
#include "sparkgate/session/session.hpp"

namespace sparkgate::session {

class session_manager final : public program_manager {
public:
    session_manager(services world, std::int64_t next_id)
        : program_manager(std::move(world), "session", next_id) {}

    // Makes what an earlier gateway process has recorded, changing nothing; then resume().
    void restore(const store::contents& known);

    // As create_program() says. Besides, what the conf sets of the server's keys has to be valid.
    awaitable<result<creation<session>>> create(session_request request, std::optional<std::string> owner,
                                                std::optional<std::string> key = {});

    // As find_program() and programs().
    result<std::shared_ptr<session>> find(const std::string& id_or_name) const;
    std::vector<std::shared_ptr<session>> all() const;

    // A file that a client names, as Spark is to find it. Errors: invalid_argument (see
    // process::resolve_file).
    result<std::string> resolve_file(const std::string& uri) const {
        return process::resolve_file(uri, world_.submit.rules.files);
    }

private:
    std::size_t retain_count() const override {
        return static_cast<std::size_t>(settings().session_retain_count);
    }
};

}  // namespace sparkgate::session
