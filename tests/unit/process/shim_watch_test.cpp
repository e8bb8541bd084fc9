// What a shim does by itself while its program runs: keeps the log small, ends an orphan.
#include "fixture.hpp"

#include "sparkgate/base/unique_fd.hpp"
#include "sparkgate/process/log_index.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>

namespace sparkgate::process {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

class ShimWatchTest : public ProcessTest {
protected:
    std::filesystem::path lock_file = dir.path() / "lock";

    // The lock that a server holds.
    unique_fd hold_lock() {
        unique_fd fd(::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        struct flock all {};
        all.l_type = F_WRLCK;
        EXPECT_EQ(::fcntl(fd.get(), F_OFD_SETLK, &all), 0);
        return fd;
    }
    child_spec orphan_spec() {
        auto out = script("sleep 1000");
        out.server_lock = lock_file;
        out.orphan_timeout = 50ms;
        return out;
    }
};

TEST_F(ShimWatchTest, TheMiddleOfALargeLogIsGivenBack) {
    auto small = script(
        "head -c 3000000 /dev/zero | tr '\\0' x | fold -w 99; echo; touch $DIR/printed; while [ ! -e $DIR/go "
        "]; do "
        "sleep "
        "0.05; done; echo last");
    small.log_limit = 512 << 10;
    auto running = start(small);
    wait_for_file("printed");
    const auto blocks = [this] {
        struct stat found {};
        return ::stat((dir.path() / "output.log").c_str(), &found) == 0 ? found.st_blocks * 512 : 0;
    };
    run_until([&] { return blocks() <= 700 << 10; });
    ASSERT_TRUE(write_file_atomically(dir.path() / "go", ""));
    EXPECT_EQ(await(running->wait_exit()).code, 0);
    log_index log(dir.path() / "output.log");
    const auto lines = log.lines(0, 1'000'000);
    EXPECT_EQ(lines.front(), std::string(99, 'x'));
    EXPECT_EQ(lines.back(), "last");
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                            [](const auto& line) { return line.starts_with("sparkgate: "); }),
              1);
    EXPECT_GT(lines.size(), 3000u) << "half of the limit stays at the beginning, a quarter at the end";
    await(running->wait_gone());
}

TEST_F(ShimWatchTest, AProgramWhoseServerNeverComesBackIsEnded) {
    auto running = start(orphan_spec());
    const auto how = await(running->wait_exit());
    EXPECT_TRUE(how.ended_by_us);
    await(running->wait_gone());
    EXPECT_THAT(dir.text("output.log"), HasSubstr("sparkgate: no server has come back"));
    EXPECT_TRUE(nothing_is_left());
}

TEST_F(ShimWatchTest, AServersLockKeepsItsProgramAlive) {
    auto lock = hold_lock();
    auto running = start(orphan_spec());
    std::optional<exit_status> how;
    asio::co_spawn(io, running->wait_exit(), [&how](std::exception_ptr e, exit_status status) {
        if (e) std::rethrow_exception(e);
        how = std::move(status);
    });
    // Ten times the timeout: the shim has looked many times.
    asio::steady_timer timer(io, 500ms);
    bool over = false;
    timer.async_wait([&over](boost::system::error_code) { over = true; });
    run_until([&] { return over; });
    EXPECT_FALSE(how);
    lock.reset();
    run_until([&] { return how.has_value(); });
    EXPECT_TRUE(how->ended_by_us);
    await(running->wait_gone());
}

}  // namespace
}  // namespace sparkgate::process
