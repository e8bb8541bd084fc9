// How a program ends, and what is said of it.
#include "fixture.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <sys/stat.h>

namespace sparkgate::process {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

class ExitTest : public ProcessTest {};

TEST_F(ExitTest, ReportsTheExitCodeAndKeepsTheOutput) {
    auto running = start(script("echo to stdout; echo to stderr >&2; exit 3"));
    const exit_status status = await(running->wait_exit());
    EXPECT_EQ(status.code, 3);
    EXPECT_FALSE(status.signal);
    EXPECT_FALSE(status.ended_by_us);
    EXPECT_EQ(status.text(), "exit code 3");
    EXPECT_EQ(dir.text("output.log"), "to stdout\nto stderr\n");
    struct stat log {};
    ASSERT_EQ(::stat((dir.path() / "output.log").c_str(), &log), 0);
    EXPECT_EQ(log.st_mode & 0777, 0600u);
    EXPECT_THAT(dir.text("exit.json"), StartsWith(R"({"code":3,"ended_by_us":false,"t":1)"));
}

TEST_F(ExitTest, ReportsTheSignal) {
    auto running = start(script("kill -9 $$"));
    const exit_status status = await(running->wait_exit());
    EXPECT_FALSE(status.code);
    EXPECT_EQ(status.signal, SIGKILL);
    EXPECT_EQ(status.text(), "killed by signal 9 (KILL)");
}

TEST_F(ExitTest, AMissingProgramIsReportedWithItsReason) {
    auto running = start(spec({"/nowhere/bin/spark-submit", "x.py"}));
    const exit_status status = await(running->wait_exit());
    EXPECT_EQ(status.text(), "cannot run /nowhere/bin/spark-submit: No such file or directory");
    EXPECT_FALSE(status.code);
    EXPECT_EQ(dir.text("output.log"),
              "sparkgate: cannot run /nowhere/bin/spark-submit: No such file or directory\n");
    await(running->wait_gone());
    EXPECT_TRUE(own_children().empty());
}

TEST_F(ExitTest, ANameWithQuotesAndBrokenUtf8MakesAValidReport) {
    auto running = start(spec({"/nowhere/\"\\\n\xff\xc3\xa9"}));
    EXPECT_EQ(await(running->wait_exit()).problem,
              "cannot run /nowhere/\"\\\\x0a?\xc3\xa9: No such file or directory");
}

// Code of a session can write there.
TEST_F(ExitTest, WhatAProgramPutsInTheWayDoesNotHoldUpTheReport) {
    for (const auto* trap : {"mkfifo exit.tmp", "ln -s /nowhere/x exit.tmp", "ln -s precious exit.tmp",
                             "mkfifo exit.json", "ln -s /nowhere/x exit.json", "mkfifo shim.tmp shim.json"}) {
        auto running =
            start(script("cd $DIR && echo kept >precious && rm -f exit.tmp exit.json shim.json && " +
                         std::string(trap) + " && exit 3"));
        EXPECT_EQ(await(running->wait_exit()).code, 3) << trap;
        await(running->wait_gone());
        EXPECT_EQ(dir.text("precious"), "kept\n") << trap;
        std::filesystem::remove(dir.path() / "shim.json");
    }
}

TEST_F(ExitTest, AMissingWorkingDirectoryIsReported) {
    child_spec what = script("exit 0");
    what.working_directory = dir.path() / "gone";
    auto running = start(what);
    EXPECT_THAT(await(running->wait_exit()).problem, HasSubstr("/gone: No such file or directory"));
}

TEST_F(ExitTest, ALogThatCannotBeOpenedIsReported) {
    std::filesystem::create_directory(dir.path() / "output.log");
    auto running = start(script("touch $DIR/ran"));
    EXPECT_EQ(await(running->wait_exit()).problem, "cannot open output.log: Is a directory");
    await(running->wait_gone());
    EXPECT_FALSE(std::filesystem::exists(dir.path() / "ran"));
}

TEST_F(ExitTest, AMissingShimIsAnErrorOfTheLaunch) {
    auto broken = make_launcher(io.get_executor(), dir.path() / "no-shim", STDIN_FILENO);
    auto started = broken->launch(script("exit 0"));
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, errc::unavailable);
    EXPECT_EQ(started.error().message,
              "cannot run " + (dir.path() / "no-shim").string() + ": No such file or directory");
}

TEST_F(ExitTest, ADirectoryThatIsMissingIsAnErrorOfTheLaunch) {
    child_spec what = script("exit 0");
    what.dir = dir.path() / "gone";
    auto started = starter->launch(what);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, errc::unavailable);
}

TEST_F(ExitTest, AnArgumentListThatIsTooLongIsAnErrorOfTheLaunch) {
    auto started = starter->launch(spec({"true", std::string(1 << 20, 'x')}));
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message, HasSubstr("Argument list too long"));
}

TEST_F(ExitTest, AClosedStdoutIsNotTheEnd) {
    auto running =
        start(script("exec >&- 2>&-; touch $DIR/closed\n"
                     "while [ ! -e $DIR/go ]; do sleep 0.01; done; exit 4"));
    wait_for_file("closed");
    EXPECT_FALSE(read_exit(dir.path()));
    ASSERT_TRUE(write_file_atomically(dir.path() / "go", ""));
    EXPECT_EQ(await(running->wait_exit()).code, 4);
}

TEST_F(ExitTest, TheEndIsToldBeforeTheLastGrandchildIsGone) {
    auto running =
        start(script("(trap '' TERM; touch $DIR/ready\n"
                     "while [ ! -e $DIR/end ]; do sleep 0.01; done) &\n"
                     "while [ ! -e $DIR/ready ]; do sleep 0.01; done; exit 5",
                     1min));
    bool gone = false;
    asio::co_spawn(io, running->wait_gone(), [&](std::exception_ptr e) {
        if (e) std::rethrow_exception(e);
        gone = true;
    });
    EXPECT_EQ(await(running->wait_exit()).code, 5);
    EXPECT_FALSE(gone);
    EXPECT_FALSE(nothing_is_left());
    ASSERT_TRUE(write_file_atomically(dir.path() / "end", ""));
    run_until([&] { return gone; });
    EXPECT_TRUE(nothing_is_left());
}

TEST_F(ExitTest, EveryWaiterIsToldAlsoALateOne) {
    auto running = start(script("exit 6"));
    int told = 0;
    for (int i = 0; i < 3; ++i)
        asio::co_spawn(io, running->wait_exit(), [&](std::exception_ptr e, const exit_status& status) {
            if (e) std::rethrow_exception(e);
            told += status.code == 6;
        });
    run_until([&] { return told == 3; });
    await(running->wait_gone());
    EXPECT_EQ(await(running->wait_exit()).code, 6);
    await(running->wait_gone());
}

TEST_F(ExitTest, ASecondProgramInTheSameDirectoryIsNotTakenForTheFirst) {
    auto first = start(script("exit 1"));
    await(first->wait_gone());
    auto second = start(script("while [ ! -e $DIR/go ]; do sleep 0.01; done; exit 2"));
    EXPECT_FALSE(read_exit(dir.path()));
    ASSERT_TRUE(write_file_atomically(dir.path() / "go", ""));
    EXPECT_EQ(await(second->wait_exit()).code, 2);
}

TEST_F(ExitTest, AReportThatIsNoneIsAnError) {
    EXPECT_EQ(read_exit(dir.path()).error().code, errc::not_found);
    for (const char* text : {"", "[]", "{}", "{\"code\":\"1\"}", "{\"code\":1", "7"}) {
        ASSERT_TRUE(write_file_atomically(dir.path() / "exit.json", text));
        const auto status = read_exit(dir.path());
        ASSERT_FALSE(status) << text;
        EXPECT_EQ(status.error().code, errc::invalid_argument) << text;
    }
}

}  // namespace
}  // namespace sparkgate::process
