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
    struct stored;
    batch(services& world, alarm_clock& timer, stored from);

    result<process::child_spec> prepare() override;
    void on_launched() override;
    void on_reattached() override;
    void on_ended(const process::exit_status* how) override;
    void begin_stop(std::string reason) override;

    void apply(batch_event what);
    store::batch_record record() const;
    awaitable<void> watch_application(std::shared_ptr<batch> self);
    // A piece of what is new in its output; false when there was none, or nothing more is to be found in it.
    bool look_again() override;
    void take_facts(const process::application_facts& facts);
    // Whether its output has told all, or so much without Spark's lines that it will not have them.
    bool knows_all() const;
    awaitable<void> find_application(std::shared_ptr<batch> self, std::uint16_t ui_port);

    // What its output has told so far.
    struct sight {
        explicit sight(process::log_follower from) : log(std::move(from)) {}
        process::log_follower log;
        process::application_output output;
        std::int64_t bytes = 0;
    };

    std::optional<batch_request> request_;  // until it has ended
    std::unique_ptr<sight> seen_;           // until it has ended
    bool stopping_ = false;
};

}  // namespace sparkgate::session
