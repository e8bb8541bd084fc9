// The files of a child's directory, replaced by its program.
#include "fixture.hpp"
#include "support/hostile_file.hpp"

#include "sparkgate/base/json.hpp"
#include "sparkgate/base/unique_fd.hpp"
#include "sparkgate/process/log_file.hpp"
#include "sparkgate/process/log_follower.hpp"
#include "sparkgate/process/log_index.hpp"

#include <gmock/gmock.h>

#include <fcntl.h>

namespace sparkgate::process {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

class HostileFilesTest : public ProcessTest {
protected:
    // Puts each kind at that name in turn.
    void replace(const char* name, const std::function<void(const std::string&)>& check) {
        for (const auto& each : test::hostile_files()) {
            const auto place = dir.path() / name, elsewhere = dir.path() / "elsewhere";
            fs::remove_all(place);
            fs::create_directory(elsewhere);
            ASSERT_TRUE(each.make(place, elsewhere)) << each.what;
            check(each.what);
            fs::remove_all(place);
            fs::remove_all(elsewhere);
        }
    }

    fs::path sparse(std::int64_t data, std::int64_t hole) {
        const auto path = dir.path() / "sparse.log";
        const unique_fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        for (std::int64_t at = 0; at < 100 * (data + hole) && data > 0; at += data + hole)
            EXPECT_EQ(::pwrite(file.get(), "line\n", 5, at), 5);
        fs::resize_file(path, std::uintmax_t{1} << 40);
        return path;
    }
};

TEST_F(HostileFilesTest, ALogThatWasReplacedHasNoLinesAndTakesNone) {
    replace("output.log", [this](const std::string& what) {
        log_file log(dir.path() / "output.log");
        EXPECT_TRUE(log.last_lines(10).lines.empty()) << what;
        EXPECT_EQ(log.look(), log_file::stamp()) << what;
        EXPECT_FALSE(log.append("a remark")) << what;
        log_index index(log.path());
        EXPECT_EQ(index.line_count(), 0) << what;
        EXPECT_TRUE(index.lines(0, 10).empty()) << what;
        EXPECT_EQ(log_follower(log.path(), 0).read(), "") << what;
    });
}

TEST_F(HostileFilesTest, ATerabyteOfNothingIsNotRead) {
    const auto path = sparse(0, 0);
    log_index index(path);
    ASSERT_EQ(index.line_count(), 1);
    EXPECT_THAT(index.lines(0, 10).at(0), HasSubstr("bytes of output were removed here"));
    log_follower follower(path, 0);
    EXPECT_THAT(follower.read(), HasSubstr("1099511627776 bytes of output were removed here"));
    EXPECT_EQ(follower.read(), "");
}

TEST_F(HostileFilesTest, AFileOfManyHolesIsNotReadBeyondWhatALogCanBe) {
    const auto path = sparse(4096, 1 << 20);
    log_index index(path, 1 << 30);
    EXPECT_EQ(index.line_count(), 1);
    EXPECT_THAT(index.lines(0, 10).at(0), HasSubstr("larger than log.max-size can allow"));
    EXPECT_TRUE(index.lines(1, 10).empty());
    EXPECT_EQ(index.offset_of(5), 0);
    log_follower follower(path, 0);
    for (int i = 0; i < 100; ++i)
        EXPECT_LE(follower.read().size(), 64u << 10);
    fs::remove(path);
    std::ofstream(path) << "";
    EXPECT_EQ(index.line_count(), 0) << "another file is another log";
}

TEST_F(HostileFilesTest, WhatIsNoReportIsNone) {
    replace("exit.json", [this](const std::string& what) { EXPECT_FALSE(read_exit(dir.path())) << what; });
    replace("shim.json", [this](const std::string& what) {
        EXPECT_TRUE(was_started(dir.path())) << what;
        EXPECT_FALSE(starter->reattach(dir.path())) << what;
    });
    ASSERT_TRUE(write_file_atomically(dir.path() / "exit.json", R"({"problem":"x\nforged"})"));
    EXPECT_EQ(read_exit(dir.path()).value().text(), "x\\x0aforged");
}

TEST_F(HostileFilesTest, AProgramIsFoundAgainWhateverItsFilesSay) {
    auto first = start(script("sleep 1000"));
    wait_for_file("shim.json");
    program_pid();
    const auto shim = first->shim();
    replace("shim.json", [&](const std::string& what) {
        const auto next =
            make_launcher(io.get_executor(), SPARKGATE_TEST_BIN "/sparkgate-shim", STDIN_FILENO);
        const auto found = next->reattach(dir.path());
        ASSERT_TRUE(found) << what;
        EXPECT_EQ((*found)->shim(), shim) << what;
    });
    first->terminate();
    await(first->wait_gone());
}

TEST_F(HostileFilesTest, AnotherProcessThatItsFileNamesIsNotTakenForItsShim) {
    const auto self = identify(::getpid()).value();
    const json claim{{"pid", self.pid}, {"start_time", self.start_time}, {"boot_id", self.boot_id}};
    ASSERT_TRUE(write_file_atomically(dir.path() / "shim.json", dump_json(claim)));
    EXPECT_FALSE(starter->reattach(dir.path()));
}

TEST_F(HostileFilesTest, AShimReportsAndEndsWhateverIsInThePlaceOfItsFiles) {
    for (const auto* name : {"exit.json", "exit.tmp", "output.log", "shim.json", "exit.fifo"})
        for (const auto& each : test::hostile_files()) {
            fs::remove_all(dir.path());
            fs::create_directory(dir.path());
            auto running =
                start(script("touch $DIR/up; while [ ! -e $DIR/go ]; do sleep 0.01; done; exit 9"));
            wait_for_file("up");
            const auto elsewhere = dir.path() / "elsewhere";
            fs::create_directory(elsewhere);
            fs::remove_all(dir.path() / name);
            ASSERT_TRUE(each.make(dir.path() / name, elsewhere));
            ASSERT_TRUE(write_file_atomically(dir.path() / "go", ""));
            const auto status = await(running->wait_exit());
            const bool in_the_way = each.what == "a full directory" &&
                                    std::string(name).starts_with("exit.") &&
                                    std::string(name) != "exit.fifo";
            if (in_the_way)
                EXPECT_THAT(status.text(), HasSubstr("without a report")) << name << ": " << each.what;
            else
                EXPECT_EQ(status.code, 9) << name << ": " << each.what;
            await(running->wait_gone());
        }
}

TEST_F(HostileFilesTest, AStartIntoWhatOthersHavePreparedIsClean) {
    for (const auto* name : {"exit.fifo", "shim.json", "exit.json", "exit.tmp", "shim.tmp"})
        replace(name, [&](const std::string& what) {
            const auto running = start(script("exit 9"));
            const auto status = await(running->wait_exit());
            await(running->wait_gone());
            EXPECT_TRUE(status.code == 9 || !status.problem.empty()) << name << ": " << what;
        });
    replace("output.log", [&](const std::string& what) {
        const auto running = start(script("exit 9"));
        EXPECT_THAT(await(running->wait_exit()).text(), HasSubstr("cannot open output.log")) << what;
        await(running->wait_gone());
    });
}

}  // namespace
}  // namespace sparkgate::process
