// Routes that take their body while it comes.
#include "server_fixture.hpp"

namespace sparkgate::test {
namespace {

class body_receivers : public http_server {
protected:
    // What the receivers of POST /take saw. Changed by the server's thread, read when an answer has come.
    std::string taken;
    std::size_t largest_piece = 0;
    std::atomic<int> begun{0}, finished{0}, gone{0};

    class receiver : public http::body_receiver {
    public:
        explicit receiver(body_receivers& test) : test_(test) { ++test.begun; }
        ~receiver() override { ++test_.gone; }

        awaitable<std::optional<http::response>> take(std::string_view piece) override {
            EXPECT_FALSE(piece.empty());
            test_.taken += piece;
            test_.largest_piece = std::max(test_.largest_piece, piece.size());
            if (piece.find("refuse") != piece.npos) co_return text("refused", 409);
            if (piece.find("throw") != piece.npos) throw std::runtime_error("the bug");
            co_return std::nullopt;
        }

        awaitable<http::response> finish() override {
            ++test_.finished;
            co_return text("taken");
        }

    private:
        body_receivers& test_;
    };

    body_receivers() {
        http::route take{http::method::post, "/take", {}};
        take.receive = [this](const http::request& asked,
                              const http::path_values&) -> awaitable<http::receiver_or_refusal> {
            if (asked.parameter("no")) co_return text("no", 403);
            co_return std::make_unique<receiver>(*this);
        };
        take.body_limit = 1'000'000;
        more_routes.push_back(take);
        options.limit.body_bytes = 1000;
    }

    static std::string post(const std::string& target, const std::string& fields) {
        return "POST " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n\r\n";
    }

    void expect_last(raw_http& client, unsigned status, const std::string& body) {
        const auto got = client.receive();
        EXPECT_EQ(got.status, status);
        EXPECT_EQ(got.body, body);
        EXPECT_EQ(got.header("Connection"), "close");
        EXPECT_TRUE(client.closed());
    }
};

TEST_F(body_receivers, gets_the_body_in_pieces) {
    start();
    auto client = connect();
    const std::string body(1'000'000, 'a');
    EXPECT_EQ(client.exchange(post("/take", "Content-Length: 1000000") + body).body, "taken");
    EXPECT_EQ(taken, body);
    EXPECT_LE(largest_piece, 60U * 1024);
    EXPECT_EQ(client.exchange(post("/take", "Transfer-Encoding: chunked") + "3\r\nabc\r\n0\r\n\r\n").body,
              "taken");
    EXPECT_EQ(taken, body + "abc");
    EXPECT_EQ(client.exchange(post("/take", "Content-Length: 0")).body, "taken");
    EXPECT_EQ(finished, 3);
}

TEST_F(body_receivers, has_a_limit_of_its_own) {
    start();
    auto client = connect();
    client.send(post("/take", "Content-Length: 1000001"));
    expect_last(client, 413, "{\"msg\":\"the request body is too large\"}");
    EXPECT_EQ(finished, 0);
    EXPECT_EQ(begun, gone);
}

TEST_F(body_receivers, may_refuse_before_the_body_comes) {
    start();
    auto client = connect();
    EXPECT_EQ(client.exchange(post("/take?no", "Content-Length: 3") + "abc").body, "no");
    EXPECT_EQ(client.exchange(post("/take?no", "Content-Length: 0")).body, "no");  // a small body was skipped
    client.send(post("/take?no", "Content-Length: 1000000\r\nExpect: 100-continue"));
    expect_last(client, 403, "no");
    EXPECT_EQ(begun, 0);
}

TEST_F(body_receivers, may_refuse_in_the_middle) {
    start();
    auto client = connect();
    client.send(post("/take", "Content-Length: 100000") + "refuse");
    expect_last(client, 409, "refused");
    EXPECT_EQ(finished, 0);
    EXPECT_TRUE(eventually([this] { return gone == 1; }));
}

TEST_F(body_receivers, whose_bug_is_answered) {
    start();
    auto client = connect();
    client.send(post("/take", "Content-Length: 100000\r\nX-Request-Id: r1") + "throw");
    expect_last(client, 500, "{\"msg\":\"internal error, request r1\"}");
    EXPECT_TRUE(eventually([this] { return gone == 1; }));
    EXPECT_EQ(runs_ended, 0);
}

TEST_F(body_receivers, goes_when_the_client_does) {
    start();
    auto client = connect();
    client.send(post("/take", "Content-Length: 100000") + "abc");
    ASSERT_TRUE(eventually([this] { return begun == 1; }));
    client.close();
    EXPECT_TRUE(eventually([this] { return gone == 1; }));
    EXPECT_EQ(finished, 0);
}

TEST_F(body_receivers, takes_no_compressed_body) {
    start();
    auto client = connect();
    EXPECT_EQ(client.exchange(post("/take", "Content-Length: 3\r\nContent-Encoding: gzip") + "abc").status,
              415U);
    EXPECT_EQ(client.exchange(post("/take", "Content-Length: 3\r\nContent-Encoding: UTF-8") + "abc").body,
              "taken");
}

}  // namespace
}  // namespace sparkgate::test
