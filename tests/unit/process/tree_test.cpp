// Nothing of a program is left when its shim is gone.
#include "fixture.hpp"

#include <gmock/gmock.h>

#include <csignal>

namespace sparkgate::process {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class TreeTest : public ProcessTest {
protected:
    exit_status end(child& running) {
        running.terminate();
        const exit_status status = await(running.wait_exit());
        await(running.wait_gone());
        return status;
    }
};

TEST_F(TreeTest, TerminateEndsTheProgramAndSaysSo) {
    auto running = start(script("touch $DIR/ready; sleep 1000"));
    wait_for_file("ready");
    const exit_status status = end(*running);
    EXPECT_EQ(status.signal, SIGTERM);
    EXPECT_TRUE(status.ended_by_us);
    EXPECT_TRUE(nothing_is_left());
    running->terminate();  // harmless afterwards
}

TEST_F(TreeTest, AProgramThatIgnoresTermIsKilledAfterTheGrace) {
    auto running = start(script("trap '' TERM; touch $DIR/ready; while :; do sleep 0.05; done"));
    wait_for_file("ready");
    EXPECT_EQ(end(*running).signal, SIGKILL);
    EXPECT_TRUE(nothing_is_left());
}

TEST_F(TreeTest, AProgramHasTheGraceForItsCleaningUp) {
    // The sleep is a child that was started after TERM: it belongs to the cleaning up and must live.
    auto running =
        start(script("trap 'sleep 0.3 && echo cleaned; exit 7' TERM\n"
                     "touch $DIR/ready; sleep 1000 & wait",
                     20s));
    wait_for_file("ready");
    EXPECT_EQ(end(*running).code, 7);
    EXPECT_EQ(dir.text("output.log"), "cleaned\n");
}

TEST_F(TreeTest, WhoIsLeftBehindDuringTheEndIsAskedToo) {
    // Without that it would stay for the whole grace, longer than this test waits.
    auto running =
        start(script("trap 'sleep 1000 & exit 7' TERM; touch $DIR/ready; sleep 1000 & wait", 10min));
    wait_for_file("ready");
    EXPECT_EQ(end(*running).code, 7);
    EXPECT_TRUE(nothing_is_left());
}

TEST_F(TreeTest, AGrandchildThatLeftTheSessionAndIgnoresTermIsKilled) {
    auto running =
        start(python("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                     "if os.fork() == 0:\n"
                     "    os.setsid()\n"
                     "    if os.fork() == 0:\n"
                     "        os.setpgid(0, 0)\n"
                     "        open(os.environ['DIR'] + '/ready', 'w')\n"
                     "    time.sleep(1000)\n"
                     "signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
                     "time.sleep(1000)"));
    wait_for_file("ready");
    EXPECT_EQ(processes_with(mark).size(), 4u);  // with the shim
    EXPECT_EQ(end(*running).signal, SIGTERM);
    EXPECT_TRUE(nothing_is_left());
}

TEST_F(TreeTest, ADaemonIsEndedWhenTheProgramReturns) {
    auto running =
        start(python("if os.fork() == 0:\n"
                     "    os.setsid()\n"
                     "    if os.fork(): os._exit(0)\n"
                     "    time.sleep(1000)\n"
                     "os.wait()",
                     20s));
    EXPECT_EQ(await(running->wait_exit()).code, 0);
    await(running->wait_gone());
    EXPECT_TRUE(nothing_is_left());
}

TEST_F(TreeTest, AProgramThatForksWithoutEndIsCaught) {
    auto running = start(script("trap '' TERM; touch $DIR/ready; while :; do sleep 0.02 & sleep 0.01; done"));
    wait_for_file("ready");
    end(*running);
    EXPECT_TRUE(nothing_is_left());
}

TEST_F(TreeTest, AChainOfForksThatNeverStaysIsCaught) {
    auto running =
        start(python("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                     "open(os.environ['DIR'] + '/ready', 'w')\n"
                     "while True:\n"
                     "    if os.fork(): os._exit(0)\n"
                     "    os.setsid()"));
    wait_for_file("ready");
    EXPECT_EQ(end(*running).code, 0);
    EXPECT_TRUE(nothing_is_left());
}

TEST_F(TreeTest, AStoppedProgramIsEnded) {
    auto running = start(script("touch $DIR/ready; kill -STOP $$; sleep 1000", 20s));
    wait_for_file("ready");
    const pid_t program = program_pid();
    ASSERT_TRUE(eventually([&] { return status_field(program, "State").starts_with("T"); }));
    EXPECT_EQ(end(*running).signal, SIGTERM);
}

TEST_F(TreeTest, ASignalToTheProgramsOwnGroupDoesNotReachTheShim) {
    auto running = start(script("kill -TERM 0; sleep 1000"));
    const exit_status status = await(running->wait_exit());
    EXPECT_EQ(status.signal, SIGTERM);
    EXPECT_FALSE(status.ended_by_us);
}

TEST_F(TreeTest, HangupAndUserSignalsDoNotEndTheShim) {
    auto running = start(script("while [ ! -e $DIR/go ]; do sleep 0.01; done; exit 3"));
    for (const int signal : {SIGHUP, SIGUSR1, SIGPIPE, SIGQUIT, SIGALRM})
        ::kill(running->shim().pid, signal);
    program_pid();
    ASSERT_TRUE(write_file_atomically(dir.path() / "go", ""));
    EXPECT_EQ(await(running->wait_exit()).code, 3);
}

TEST_F(TreeTest, TerminateDuringTheStartIsNotLost) {
    for (int i = 0; i < 30; ++i) {
        auto running = start(script("sleep 1000"));
        running->terminate();
        const exit_status status = await(running->wait_exit());
        EXPECT_EQ(status.signal, SIGTERM) << status.text();
        EXPECT_TRUE(status.ended_by_us);
        await(running->wait_gone());
        ASSERT_TRUE(nothing_is_left());
    }
}

TEST_F(TreeTest, TheProgramDiesWithAShimThatWasKilled) {
    auto running = start(script("touch $DIR/ready; exec sleep 1000"));
    wait_for_file("ready");
    ::kill(running->shim().pid, SIGKILL);
    const exit_status status = await(running->wait_exit());
    EXPECT_EQ(status.text(), "the shim ended without a report");
    await(running->wait_gone());
    EXPECT_TRUE(eventually([&] { return nothing_is_left(); }));
}

TEST_F(TreeTest, ARemovedDirectoryDoesNotSaveTheTree) {
    auto running = start(script("trap '' TERM; touch $DIR/ready; while :; do sleep 0.05; done"));
    wait_for_file("ready");
    std::error_code ec;
    do  // the shim may just be writing its identity there
        std::filesystem::remove_all(dir.path(), ec);
    while (ec);
    EXPECT_THAT(end(*running).problem, HasSubstr("without a report"));
    EXPECT_TRUE(nothing_is_left());
}

}  // namespace
}  // namespace sparkgate::process
