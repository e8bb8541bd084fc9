// One batch: a program of the user's that spark-submit runs to its end. Livy's BatchSession.
//
// Its state is what the client sees: starting (waits for its turn; in a cluster: until its application runs),
// running, success (exit code 0), dead, killed (the gateway ended it). One that has ended costs its record
// and a few hundred bytes; its log stays in its directory.
#pragma once

#include "sparkgate/process/application_output.hpp"
#include "sparkgate/session/program.hpp"
#include "sparkgate/session/request.hpp"

namespace sparkgate::session {

class batch : public program {
public:
    batch(services& world, alarm_clock& timer, std::int64_t id, batch_request request,
          std::optional<std::string> owner, std::optional<creation_key> key);

    // One of an earlier gateway process, by its record. One that had not ended is to be resumed.
    batch(services& world, alarm_clock& timer, const store::batch_record& from);
    ~batch() override;

    // program
    std::optional<expiry> expires() const override;
    store::change creation() const override;
    store::change update() const override { return store::put_batch{record()}; }
    awaitable<result<void>> erase() override;

private:
    batch(services& world, alarm_clock& timer, std::int64_t id, const json& details, std::string_view state);

    result<process::child_spec> prepare() override;
    void on_launched() override;
    void on_reattached() override;
    void on_ended(const process::exit_status* how) override;
    void begin_stop(std::string reason) override;

    void apply(batch_event what);
    store::batch_record record() const;
    awaitable<void> watch_application(std::shared_ptr<batch> self);
    bool take_facts(const process::application_facts& facts);
    awaitable<void> find_application(std::shared_ptr<batch> self, std::uint16_t ui_port);

    std::optional<batch_request> request_;  // until it has ended
    bool stopping_ = false;
};

}  // namespace sparkgate::session
