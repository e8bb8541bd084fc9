// The batches of this gateway. Thread: the event loop's only.
#pragma once

#include "sparkgate/session/batch.hpp"
#include "sparkgate/session/program_manager.hpp"

namespace sparkgate::session {

class batch_manager final : public program_manager {
public:
    batch_manager(services world, std::int64_t next_id)
        : program_manager(std::move(world), "batch", next_id) {}

    // Makes what an earlier gateway process has recorded, changing nothing; then resume().
    void restore(const std::vector<store::batch_record>& known);

    // As create_program() says. Besides, the file has to be one that Spark may read.
    awaitable<result<creation<batch>>> create(batch_request request, std::optional<std::string> owner,
                                              std::optional<std::string> key = {});

private:
    std::size_t retain_count() const override {
        return static_cast<std::size_t>(settings().batch_retain_count);
    }
};

}  // namespace sparkgate::session
