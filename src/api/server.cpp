// What concerns the server itself.
#include "boost/loop_turns.hpp"
#include "errors.hpp"
#include "handlers.hpp"

#include <filesystem>
#include <fstream>
#include <map>

namespace sparkgate::api {
namespace {

response text_response(std::string body, const char* type) {
    response out = json_response(std::move(body));
    out.content_type = type;
    return out;
}

std::string count_by_state(const std::string& name, const std::string& help,
                           const session::program_manager& programs) {
    std::map<std::string_view, int> by_state;
    for (const auto state : session::all_session_states)
        by_state[session::to_string(state)] = 0;
    for (const auto& each : programs.programs())
        ++by_state[session::to_string(each->state())];
    std::string out = "# HELP " + name + " " + help + "\n# TYPE " + name + " gauge\n";
    for (const auto& [state, count] : by_state)
        out += name + "{state=\"" + std::string(state) + "\"} " + std::to_string(count) + "\n";
    return out;
}

std::string seconds(std::chrono::nanoseconds time) {
    return dump_json(json(std::chrono::duration<double>(time).count()));
}

std::string gauge(const std::string& name, const std::string& help, const std::string& value) {
    return "# HELP " + name + " " + help + "\n# TYPE " + name + " gauge\n" + name + " " + value + "\n";
}

std::string loop_turns() {
    const auto figures = turns_so_far();
    const std::string name = "sparkgate_event_loop_turn_seconds";
    std::string out =
        "# HELP " + name +
        " How long the event loop was busy before it looked for news again: nobody else is served "
        "meanwhile.\n# TYPE " +
        name + " histogram\n";
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < figures.counts.size(); ++i) {
        below += figures.counts[i];
        const bool last = i == figures.bounds.size();
        out += name + "_bucket{le=\"" + (last ? "+Inf" : seconds(figures.bounds[i])) + "\"} " +
               std::to_string(below) + "\n";
    }
    out += name + "_sum " + seconds(figures.total) + "\n" + name + "_count " + std::to_string(below) + "\n";
    return out +
           gauge("sparkgate_event_loop_longest_turn_seconds", "The longest turn since the start.",
                 seconds(figures.longest)) +
           gauge("sparkgate_event_loop_longest_turn_lately_seconds",
                 "The longest turn within the last one to two minutes.", seconds(figures.longest_lately));
}

constexpr const char* plain_text = "text/plain;charset=utf-8";

}  // namespace

// The version is that of the API: pylivy compares its parts as strings, so it has to stay below 0.10.
awaitable<response> get_version(context&, const request&, const path_values&) {
    const json body{{"url", "sparkgate"},
                    {"branch", "main"},
                    {"revision", "sparkgate-" SPARKGATE_VERSION},
                    {"version", "0.9.0-incubating"},
                    {"date", "<unknown>"},
                    {"user", "sparkgate"}};
    co_return json_response(dump_json(body));
}

// Relative: what Livy makes of Host and X-Forwarded-Proto is wrong behind many a proxy.
awaitable<response> get_root(context& api, const request&, const path_values&) {
    response out = text_response({}, html);
    out.status = 302;
    out.headers.emplace_back("Location", api.settings.ui_base_path + "/ui");
    co_return out;
}

awaitable<response> get_ui(context& api, const request&, const path_values&) {
    std::string links;
    for (const auto* path : {"/sessions", "/batches", "/version", "/metrics"})
        links += "<li><a href=\"" + api.settings.ui_base_path + path + "\">" + path + "</a></li>";
    co_return text_response(
        "<!doctype html><html lang=\"en\"><title>sparkgate</title>"
        "<h1>sparkgate " SPARKGATE_VERSION
        "</h1>"
        "<p>A REST gateway for Apache Spark sessions that speaks Livy's API.</p><ul>" +
            links + "</ul></html>\n",
        html);
}

// In Prometheus' text format.
awaitable<response> get_metrics(context& api, const request&, const path_values&) {
    co_return text_response(count_by_state("sparkgate_sessions", "Listed sessions by state.", api.sessions) +
                                count_by_state("sparkgate_batches", "Listed batches by state.", api.batches) +
                                loop_turns(),
                            "text/plain; version=0.0.4; charset=utf-8");
}

// The registry of Livy's metrics library, which is empty in Livy too.
awaitable<response> get_livy_metrics(context&, const request&, const path_values&) {
    co_return json_response(
        R"({"version":"4.0.0","gauges":{},"counters":{},"histograms":{},"meters":{},"timers":{}})");
}

awaitable<response> get_ping(context&, const request&, const path_values&) {
    co_return text_response("pong\n", plain_text);
}

awaitable<response> get_threads(context&, const request&, const path_values&) {
    std::string out;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::string name;
        std::getline(std::ifstream(task.path() / "comm"), name);
        out += task.path().filename().string() + " " + name + "\n";
    }
    co_return text_response(std::move(out), plain_text);
}

// Livy registers no check; the library's answer to that is 501.
awaitable<response> get_healthcheck(context&, const request&, const path_values&) {
    co_return json_response("{}", 501);
}

}  // namespace sparkgate::api
