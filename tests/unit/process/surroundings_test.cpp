// What a child inherits, and what it costs.
#include "fixture.hpp"

#include "sparkgate/base/unique_fd.hpp"

#include <csignal>
#include <fcntl.h>
#include <iostream>

namespace sparkgate::process {
namespace {

namespace fs = std::filesystem;
using clock = std::chrono::steady_clock;

class SurroundingsTest : public ProcessTest {
protected:
    static long microseconds(clock::time_point since) {
        return std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - since).count();
    }
    void end(child& running) {
        running.terminate();
        await(running.wait_gone());
    }
};

TEST_F(SurroundingsTest, TheChildHasOnlyItsThreeDescriptors) {
    const unique_fd inheritable(::open("/dev/zero", O_RDONLY));
    auto running = start(spec({"sleep", "1000"}));
    const auto fds = "/proc/" + std::to_string(program_pid()) + "/fd";
    ASSERT_TRUE(eventually([&] { return open_descriptors(std::to_string(program_pid())) == 3; }));
    EXPECT_EQ(fs::read_symlink(fds + "/0"), "/dev/null");
    EXPECT_EQ(fs::read_symlink(fds + "/1"), dir.path() / "output.log");
    EXPECT_EQ(fs::read_symlink(fds + "/2"), dir.path() / "output.log");
    // The shim: 0 to 2, its directory, the FIFO and the log.
    EXPECT_EQ(open_descriptors(std::to_string(running->shim().pid)), 6u);
    end(*running);
}

TEST_F(SurroundingsTest, TheChildHasACleanSignalStateAndAGroupOfItsOwn) {
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    ::sigprocmask(SIG_BLOCK, &blocked, &before);
    const auto previous = std::signal(SIGPIPE, SIG_IGN);
    auto running = start(spec({"sleep", "1000"}));
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    std::signal(SIGPIPE, previous);

    const pid_t program = program_pid();
    const std::string clean(16, '0');
    EXPECT_EQ(status_field(program, "SigBlk"), clean);
    EXPECT_EQ(status_field(program, "SigIgn"), clean);
    EXPECT_EQ(::getpgid(program), program);
    EXPECT_EQ(::getsid(program), running->shim().pid);
    EXPECT_NE(::getsid(program), ::getsid(0));
    end(*running);
}

TEST_F(SurroundingsTest, TheEnvironmentAndTheDirectoryAreThoseGiven) {
    ::setenv("SPARKGATE_TEST_SECRET", "x", 1);
    child_spec what = spec({"/bin/sh", "-c", "/usr/bin/env -u PWD -u SHLVL -u _ -u OLDPWD; /bin/pwd"});
    what.env = {"A=1", "B=two words"};
    what.working_directory = "/usr";
    auto running = start(what);
    EXPECT_EQ(await(running->wait_exit()).code, 0);
    EXPECT_EQ(dir.text("output.log"), "A=1\nB=two words\n/usr\n");
    ::unsetenv("SPARKGATE_TEST_SECRET");
}

TEST_F(SurroundingsTest, TheProgramHasTheUmaskOfTheLauncherAndTheShimAPrivateOne) {
    for (const mode_t mask : {0u, 002u, 027u}) {
        starter = make_launcher(io.get_executor(), fs::path(SPARKGATE_TEST_BIN) / "sparkgate-shim",
                                STDIN_FILENO, mask);
        auto running = start(spec({"sleep", "1000"}));
        EXPECT_EQ(std::stoul(status_field(program_pid(), "Umask"), nullptr, 8), mask);
        EXPECT_EQ(status_field(running->shim().pid, "Umask"), "0077");
        end(*running);
        fs::remove(dir.path() / "shim.json");
    }
}

TEST_F(SurroundingsTest, NothingIsLeftAfterManyLaunches) {
    await(start(script("exit 0"))->wait_gone());  // the event loop has what it needs
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 50; ++i)
        await(start(spec({"true"}))->wait_gone());
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_TRUE(own_children().empty());
}

TEST_F(SurroundingsTest, DestroyingAChildObjectNeitherEndsItNorLeavesAZombie) {
    await(start(script("exit 0"))->wait_gone());
    const std::size_t before = open_descriptors();
    const identity shim = start(script("while [ ! -e $DIR/go ]; do sleep 0.01; done; exit 3"))->shim();
    program_pid();
    EXPECT_TRUE(is_running(shim));
    ASSERT_TRUE(write_file_atomically(dir.path() / "go", ""));
    run_until([&] { return own_children().empty(); });
    run_until([&] { return open_descriptors() == before; });
    EXPECT_EQ(read_exit(dir.path()).value().code, 3);
}

TEST_F(SurroundingsTest, AnEventLoopThatIsDestroyedClosesWhatWatched) {
    const std::size_t before = open_descriptors();
    {
        asio::io_context own;
        auto first =
            make_launcher(own.get_executor(), fs::path(SPARKGATE_TEST_BIN) / "sparkgate-shim", STDIN_FILENO);
        auto running = first->launch(script("sleep 1000"));
        ASSERT_TRUE(running);
        own.poll();
    }
    EXPECT_EQ(open_descriptors(), before);
    program_pid();
    end(*starter->reattach(dir.path()).value());
}

TEST_F(SurroundingsTest, TheShimIsSmall) {
    auto running = start(spec({"sleep", "1000"}));
    program_pid();
    const std::string resident = status_field(running->shim().pid, "VmRSS");
    std::cout << "the shim's resident memory: " << resident
              << ", of it its own: " << status_field(running->shim().pid, "RssAnon") << '\n';
    EXPECT_LE(std::stol(resident), 1024) << resident;
    end(*running);
}

TEST_F(SurroundingsTest, PrintsTheLatencyOfAStart) {
    long launched = 0, ended = 0;
    constexpr int rounds = 20;
    for (int i = 0; i < rounds; ++i) {
        const auto begin = clock::now();
        auto running = start(spec({"/bin/true"}));
        launched += microseconds(begin);
        await(running->wait_exit());
        ended += microseconds(begin);
        await(running->wait_gone());
    }
    std::cout << "launch() " << launched / rounds << " us, until the end of /bin/true is known "
              << ended / rounds << " us\n";
}

}  // namespace
}  // namespace sparkgate::process
