#include "sparkgate/base/spawn.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>
#include <stdexcept>

namespace sparkgate {
namespace {

awaitable<void> fail_with(std::string why) {
    throw std::runtime_error(why);
    co_return;
}

awaitable<void> set(bool& done) {
    done = true;
    co_return;
}

class spawn_test : public testing::Test {
protected:
    void SetUp() override {
        auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(log_);
        spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", std::move(sink)));
    }
    void TearDown() override { spdlog::set_default_logger(before_); }

    std::ostringstream log_;
    std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
    asio::io_context loop_;
};

TEST_F(spawn_test, an_exception_is_logged_with_the_name_and_the_others_go_on) {
    bool done = false;
    spawn(loop_.get_executor(), "session 3: its supervision", fail_with("no memory"));
    spawn(loop_.get_executor(), "another", set(done));
    loop_.run();
    EXPECT_TRUE(done);
    EXPECT_NE(log_.str().find("session 3: its supervision failed: no memory"), std::string::npos)
        << log_.str();
}

TEST_F(spawn_test, without_a_failure_nothing_is_logged) {
    bool done = false;
    spawn(loop_.get_executor(), "a watch", set(done), if_it_fails::end_process);
    loop_.run();
    EXPECT_TRUE(done);
    EXPECT_EQ(log_.str(), "");
}

TEST_F(spawn_test, what_the_server_cannot_live_without_ends_the_process) {
    const auto run = [this] {
        spdlog::set_default_logger(before_);
        spawn(loop_.get_executor(), "the expiry", fail_with("a bug"), if_it_fails::end_process);
        loop_.run();
    };
    EXPECT_EXIT(run(), testing::ExitedWithCode(1), "");
}

}  // namespace
}  // namespace sparkgate
