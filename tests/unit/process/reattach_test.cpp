// Children that outlive their gateway, and processes that are not ours.
#include "fixture.hpp"

#include "sparkgate/base/json.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <cstdlib>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace sparkgate::process {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class ReattachTest : public ProcessTest {
protected:
    // Another process stands for the gateway: it launches and is killed the hard way.
    void launch_and_die(const child_spec& what) {
        const pid_t gateway = ::fork();
        ASSERT_GE(gateway, 0);
        if (gateway == 0) {
            asio::io_context own;
            auto first =
                make_launcher(own.get_executor(), SPARKGATE_TEST_BIN "/sparkgate-shim", STDIN_FILENO);
            auto running = first->launch(what);
            if (running) ::kill(::getpid(), SIGKILL);
            ::_exit(1);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(gateway, &status, 0), gateway);
        ASSERT_TRUE(WIFSIGNALED(status));
        program_pid();
    }

    std::unique_ptr<child> reattached() {
        auto found = starter->reattach(dir.path());
        if (!found) throw std::runtime_error(found.error().message);
        return std::move(*found);
    }
};

// Somebody else's process.
class victim {
public:
    victim() : pid_(::fork()) {
        if (pid_ == 0) {
            ::pause();
            ::_exit(0);
        }
    }
    ~victim() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    pid_t pid() const { return pid_; }
    bool unharmed() const { return ::waitpid(pid_, nullptr, WNOHANG) == 0; }

private:
    pid_t pid_;
};

TEST_F(ReattachTest, AProgramGoesOnWhenItsGatewayIsKilledAndTheNextOneLearnsItsEnd) {
    launch_and_die(script("while [ ! -e $DIR/go ]; do sleep 0.01; done; echo done; exit 9"));
    auto running = reattached();
    EXPECT_TRUE(is_running(running->shim()));
    ASSERT_TRUE(write_file_atomically(dir.path() / "go", ""));
    EXPECT_EQ(await(running->wait_exit()).code, 9);
    await(running->wait_gone());
    EXPECT_EQ(dir.text("output.log"), "done\n");
}

TEST_F(ReattachTest, ItIsTerminatedLikeAnyOther) {
    launch_and_die(script("sleep 1000"));
    auto running = reattached();
    running->terminate();
    EXPECT_TRUE(await(running->wait_exit()).ended_by_us);
    await(running->wait_gone());
    EXPECT_TRUE(nothing_is_left());
}

TEST_F(ReattachTest, TheEndIsToldBeforeTheShimIsGone) {
    launch_and_die(
        script("(trap '' TERM; touch $DIR/ready; while [ ! -e $DIR/end ]; do sleep 0.01; done) &\n"
               "while [ ! -e $DIR/go ]; do sleep 0.01; done; exit 5",
               1min));
    wait_for_file("ready");
    auto early = reattached();
    ASSERT_TRUE(write_file_atomically(dir.path() / "go", ""));
    EXPECT_EQ(await(early->wait_exit()).code, 5);
    EXPECT_TRUE(is_running(early->shim()));
    auto late = reattached();  // the FIFO is silent by now
    EXPECT_EQ(await(late->wait_exit()).code, 5);
    EXPECT_TRUE(is_running(late->shim()));
    ASSERT_TRUE(write_file_atomically(dir.path() / "end", ""));
    await(early->wait_gone());
    await(late->wait_gone());
}

TEST_F(ReattachTest, WhatHasEndedMeanwhileIsNotFoundButReported) {
    launch_and_die(script("exit 9"));
    ASSERT_TRUE(eventually([&] { return !starter->reattach(dir.path()).has_value(); }));
    EXPECT_EQ(starter->reattach(dir.path()).error().code, errc::not_found);
    EXPECT_EQ(read_exit(dir.path()).value().code, 9);
}

TEST_F(ReattachTest, WithoutAFifoTheEndIsLearntWhenTheShimIsGone) {
    launch_and_die(script("while [ ! -e $DIR/go ]; do sleep 0.01; done; exit 9"));
    std::filesystem::remove(dir.path() / "exit.fifo");
    auto running = reattached();
    ASSERT_TRUE(write_file_atomically(dir.path() / "go", ""));
    EXPECT_EQ(await(running->wait_exit()).code, 9);
}

TEST_F(ReattachTest, AForeignOrReusedPidIsNeverSignalled) {
    const victim innocent;
    const auto who = identify(innocent.pid());
    ASSERT_TRUE(who);
    const auto claim = [&](std::uint64_t start_time, const std::string& boot_id) {
        const json object{{"pid", who->pid}, {"start_time", start_time}, {"boot_id", boot_id}};
        ASSERT_TRUE(write_file_atomically(dir.path() / "shim.json", dump_json(object)));
        EXPECT_EQ(starter->reattach(dir.path()).error().code, errc::not_found);
    };
    claim(who->start_time - 1, who->boot_id);
    claim(who->start_time, "another boot");
    for (const char* text :
         {"", "{}", "[]", R"({"pid":-1,"start_time":1,"boot_id":"x"})", R"({"pid":"1"})"}) {
        ASSERT_TRUE(write_file_atomically(dir.path() / "shim.json", text));
        EXPECT_FALSE(starter->reattach(dir.path())) << text;
    }
    EXPECT_TRUE(innocent.unharmed());
}

TEST(IdentityTest, KnowsARunningProcessAndNoOther) {
    identity self = identify(::getpid()).value();
    EXPECT_TRUE(is_running(self));
    ++self.start_time;
    EXPECT_FALSE(is_running(self));
    EXPECT_EQ(identify(0).error().code, errc::not_found);
    EXPECT_EQ(identify(-1).error().code, errc::not_found);
}

TEST(IdentityTest, AZombieDoesNotRun) {
    const pid_t pid = ::fork();
    if (pid == 0) ::pause();
    const auto who = identify(pid);
    ASSERT_TRUE(who);
    ::kill(pid, SIGKILL);
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
    EXPECT_FALSE(is_running(*who));
    ::waitpid(pid, nullptr, 0);
}

}  // namespace
}  // namespace sparkgate::process
