#include "fuzz/played_driver.hpp"

#include "sparkgate/driver/frame.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>

#include <array>

namespace sparkgate::fuzz {
namespace {

using local = asio::local::stream_protocol;

// What the driver says, and when: bytes in its outbox. No I/O.
class driver_script {
public:
    explicit driver_script(const json& settings) {
        say({{"op", "hello"},
             {"version", 1},
             {"session", settings.at("session")},
             {"token", settings.at("token")},
             {"pid", 4712},
             {"seq", 0},
             {"last_exec", -1},
             {"connects", 1}});
    }

    void hear(const driver::frame& said) {
        const auto op = said.op();
        if (op == "welcome") {
            say({{"op", "phase"}, {"seq", ++seq_}, {"name", "python"}, {"t", now}});
            say({{"op", "ready"},
                 {"seq", ++seq_},
                 {"app_id", "local-17"},
                 {"ui_url", "http://127.0.0.1:4040"},
                 {"t", now}});
        } else if (op == "exec") {
            run(said);
        } else if (op == "cancel") {
            if (said.integer("id") == waiting_) end(waiting_, "cancelled", "");
        } else if (op == "complete") {
            say({{"op", "completion"}, {"req", said.integer("req")}}, "[\"spark\",\"split\"]");
        } else if (op == "add") {
            add(said);
        }
    }

    std::string take() { return std::exchange(outbox_, {}); }

private:
    static constexpr std::int64_t now = 1700000000000;

    void say(const json& header, std::string_view payload = {}) {
        outbox_ += driver::encode(header, payload);
    }

    void run(const driver::frame& said) {
        const auto id = said.integer("id");
        say({{"op", "started"}, {"seq", ++seq_}, {"id", id}, {"t", now}});
        if (said.payload.starts_with("wait")) {
            waiting_ = id;
            return;
        }
        say({{"op", "stream"}, {"seq", ++seq_}, {"id", id}, {"name", "stdout"}, {"at", 0}}, said.payload);
        say({{"op", "progress"}, {"id", id}, {"value", 0.5}});
        const json output{
            {"status", "ok"}, {"execution_count", id}, {"data", {{"text/plain", said.payload}}}};
        end(id, "available", dump_json(output));
    }

    void end(std::int64_t id, const char* state, std::string_view output) {
        say({{"op", "result"}, {"seq", ++seq_}, {"id", id}, {"state", state}, {"t", now}}, output);
    }

    void add(const driver::frame& said) {
        json header{{"op", "added"}, {"req", said.integer("req")}};
        if (said.text("uri").find("missing") != std::string::npos) header["error"] = "no such file";
        say(header);
    }

    std::string outbox_;
    std::int64_t seq_ = 0, waiting_ = -1;
};

}  // namespace

awaitable<void> play_driver(json settings) {
    local::socket socket(co_await asio::this_coro::executor);
    socket.connect(local::endpoint(settings.at("connect").at("unix").get<std::string>()));
    socket.non_blocking(true);
    driver_script script(settings);
    driver::decoder decoder;
    std::array<char, 4096> buffer;
    for (;;) {
        const auto said = script.take();
        const auto [failure, sent] = co_await asio::async_write(socket, asio::buffer(said), as_tuple);
        if (failure) co_return;
        const auto [ec, count] = co_await socket.async_read_some(asio::buffer(buffer), as_tuple);
        if (ec) co_return;
        decoder.feed({buffer.data(), count});
        for (auto next = decoder.next(); next.value(); next = decoder.next())
            script.hear(**next);
    }
}

}  // namespace sparkgate::fuzz
