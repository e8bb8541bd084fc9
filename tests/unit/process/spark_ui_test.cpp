// Asking a driver's web UI, played by a socket of the test's.
#include "sparkgate/process/spark_ui.hpp"

#include "support/event_loop.hpp"

#include "sparkgate/base/spawn.hpp"

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace sparkgate::process {
namespace {

using asio::ip::tcp;

class SparkUiTest : public testing::Test {
protected:
    // Answers each connection's one request with the text for its path, and hangs up.
    awaitable<void> serve() {
        for (;;) {
            auto [failed, socket] = co_await acceptor.async_accept(as_tuple);
            if (failed) co_return;
            std::string request;
            auto in = asio::dynamic_buffer(request);
            (void)co_await asio::async_read_until(socket, in, "\r\n\r\n", as_tuple);
            const auto begin = request.find(' ') + 1;
            const std::string answer = answers[request.substr(begin, request.find(' ', begin) - begin)];
            const auto out = asio::buffer(answer);
            (void)co_await asio::async_write(socket, out, as_tuple);
        }
    }

    result<ui_application> ask() {
        port = acceptor.local_endpoint().port();
        spawn(loop.executor(), "the played UI", serve());
        auto work = ask_spark_ui(loop.executor(), acceptor.local_endpoint());
        auto out = loop.await(std::move(work));
        acceptor.close();
        loop.settle();
        return out;
    }

    static std::string ok(const std::string& body) { return "HTTP/1.1 200 OK\r\nX: y\r\n\r\n" + body; }

    test::event_loop loop;
    tcp::acceptor acceptor{loop.executor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
    std::map<std::string, std::string> answers;
    std::uint16_t port = 0;
};

TEST_F(SparkUiTest, TellsTheApplicationAndTheNameOfItsHost) {
    answers["/api/v1/applications"] = ok(R"([ {"id" : "local-1700000000000", "name" : "pi"} ])");
    answers["/api/v1/applications/local-1700000000000/environment"] =
        ok(R"({"sparkProperties":[["spark.app.name","pi"],["spark.driver.host","node7"]]})");
    const auto found = ask();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->app_id, "local-1700000000000");
    EXPECT_EQ(found->url, "http://node7:" + std::to_string(port));
}

TEST_F(SparkUiTest, WithoutAnEnvironmentTheHostIsTheOneThatWasAsked) {
    answers["/api/v1/applications"] = ok(R"([{"id":"app-1"}])");
    answers["/api/v1/applications/app-1/environment"] = "HTTP/1.1 403 Forbidden\r\n\r\n";
    const auto found = ask();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->url.rfind("http://127.0.0.1:", 0), 0u);
}

TEST_F(SparkUiTest, WhoeverIsNotSparksUiIsNotBelieved) {
    for (const std::string& answer :
         {std::string(), std::string("HTTP/1.1 200 OK\r\n"), ok(""), ok("{"), ok("[]"), ok("{}"), ok("[1]"),
          ok(R"([{"id":1}])"), ok(R"([{"id":"a/../b"}])"), ok(R"([{"id":""}])"),
          std::string("HTTP/1.1 404 Not Found\r\n\r\n[{\"id\":\"app-1\"}]"), std::string(2 << 20, 'x')}) {
        answers["/api/v1/applications"] = answer;
        acceptor = tcp::acceptor(loop.executor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        EXPECT_FALSE(ask()) << answer.substr(0, 60);
    }
}

TEST_F(SparkUiTest, NobodyThere) {
    const auto at = acceptor.local_endpoint();
    acceptor.close();
    auto work = ask_spark_ui(loop.executor(), at);
    EXPECT_FALSE(loop.await(std::move(work)));
}

TEST_F(SparkUiTest, AHostThatIsNoneIsNotBelieved) {
    answers["/api/v1/applications"] = ok(R"([{"id":"app-1"}])");
    answers["/api/v1/applications/app-1/environment"] =
        ok(R"({"sparkProperties":[["spark.driver.host","evil/\"><script>"]]})");
    const auto found = ask();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->url, "http://127.0.0.1:" + std::to_string(port));
}

TEST(UiAddresses, AreThoseOfThisHostAndWhatIsNamedComesFirst) {
    const auto texts = [](const std::vector<std::string>& named) {
        std::vector<std::string> out;
        for (const auto& each : ui_addresses(named))
            out.push_back(each.to_string());
        return out;
    };
    const auto all = texts({"", "0.0.0.0", "a name"});
    EXPECT_EQ(all.front(), "127.0.0.1");
    EXPECT_EQ(std::count(all.begin(), all.end(), "127.0.0.1"), 1);
    const auto more = texts({"203.0.113.9"});
    EXPECT_EQ(more.size(), all.size() + 1);
    EXPECT_EQ(more.front(), "203.0.113.9");
}

}  // namespace
}  // namespace sparkgate::process
