#include "views.hpp"

namespace sparkgate::api {
namespace {

constexpr std::size_t lines_in_view = 10;
constexpr std::size_t longest_kept = 4096;  // bytes of a view: there may be ten thousand
constexpr const char *begin_mark = "stdout: ", *end_mark = "\nstderr: ";

template <class T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json();
}

json text_or_null(const std::string& text) {
    return text.empty() ? json() : json(text);
}

// A person's secrets are nobody else's; what Spark gets is in the store.
json shown_conf(const redactor& hide, const process::conf_map& conf) {
    json out = json::object();
    for (const auto& [key, value] : conf)
        out[key] = hide.conf_value(key, value);
    return out;
}

json shown_files(const redactor& hide, const std::vector<std::string>& uris) {
    json out = json::array();
    for (const auto& each : uris)
        out.push_back(hide.uri(each));
    return out;
}

json app_info(const session::program& from) {
    return json{
        {"driverLogUrl", nullptr}, {"sparkUiUrl", text_or_null(from.ui_url())}, {"executorLogUrls", nullptr}};
}

}  // namespace

json session_view_0_7(session::session& from, const log_lines& newest) {
    const auto& request = from.request();
    const auto& spark = request.spark;
    return json{{"id", from.id()},
                {"name", or_null(spark.name)},
                {"appId", text_or_null(from.app_id())},
                {"owner", or_null(from.owner())},
                {"proxyUser", or_null(spark.proxy_user)},
                {"state", session::to_string(from.state())},
                {"kind", session::to_string(request.kind)},
                {"appInfo", app_info(from)},
                {"log", newest}};
}

json session_view(session::session& from, const log_lines& newest) {
    const auto& request = from.request();
    const auto& spark = request.spark;
    const auto& hide = from.redaction();
    json out = session_view_0_7(from, newest);
    out.update(json{{"ttl", or_null(request.ttl)},
                    {"idleTimeout", or_null(request.idle_timeout)},
                    {"driverMemory", or_null(spark.driver_memory)},
                    {"driverCores", spark.driver_cores.value_or(0)},
                    {"executorMemory", or_null(spark.executor_memory)},
                    {"executorCores", spark.executor_cores.value_or(0)},
                    {"conf", shown_conf(hide, spark.conf)},
                    {"archives", shown_files(hide, spark.archives)},
                    {"files", shown_files(hide, spark.files)},
                    {"heartbeatTimeoutInSecond", request.heartbeat_timeout_s},
                    {"jars", shown_files(hide, spark.jars)},
                    {"numExecutors", spark.num_executors.value_or(0)},
                    {"pyFiles", shown_files(hide, spark.py_files)},
                    {"queue", or_null(spark.queue)}});
    return out;
}

json batch_view(session::batch& from, const log_lines& newest) {
    return json{{"id", from.id()},
                {"name", or_null(from.name())},
                {"owner", or_null(from.owner())},
                {"proxyUser", or_null(from.proxy_user())},
                {"state", session::to_string(from.state())},
                {"appId", text_or_null(from.app_id())},
                {"appInfo", app_info(from)},
                {"log", newest}};
}

std::optional<process::log_file::stamp> known_stamp(session::program& of, view_function view) {
    const auto& last = of.last_shown();
    const bool same = last && last->view == view && last->state == of.state() &&
                      last->app_id == of.app_id() && last->ui_url == of.ui_url();
    return same ? std::optional(last->log) : std::nullopt;
}

const std::string* kept_view(session::program& of, view_function view, std::chrono::milliseconds tolerance) {
    if (!known_stamp(of, view)) return nullptr;
    const auto& last = *of.last_shown();
    return std::chrono::steady_clock::now() - last.looked < tolerance ? &last.text : nullptr;
}

// The stamp comes before the lines: what is written meanwhile is seen next time.
log_look look_at(const process::log_file& log, const std::optional<process::log_file::stamp>& known) {
    log_look out{log.look(), {}};
    if (out.stamp != known) out.newest = newest_lines(log);
    return out;
}

std::string view_text(session::program& of, view_function view, const log_look& look) {
    const auto now = std::chrono::steady_clock::now();
    auto& last = of.last_shown();
    if (!look.newest && known_stamp(of, view) == look.stamp) {
        last->looked = now;
        return last->text;
    }
    auto text = dump_json(view(of, look.newest ? *look.newest : newest_lines(of.log())));
    last.reset();
    if (text.size() <= longest_kept)
        last = {view, of.state(), of.app_id(), of.ui_url(), text, look.stamp, now};
    return text;
}

std::string view_text(session::program& of, view_function view) {
    return view_text(of, view, look_at(of.log(), known_stamp(of, view)));
}

void append_statement_view(std::string& out, const session::statement& from, const std::string& code,
                           const std::string& output) {
    out.reserve(out.size() + code.size() + output.size() + 200);
    out += "{\"id\":" + std::to_string(from.id) + ",\"code\":";
    append_json_string(out, code);
    out.append(",\"state\":\"")
        .append(session::to_string(from.state))
        .append("\",\"output\":")
        .append(output);
    out += ",\"progress\":" + dump_json(json(from.progress)) +
           ",\"started\":" + std::to_string(from.started) +
           ",\"completed\":" + std::to_string(from.completed) + "}";
}

json statement_progress(const session::statement& from) {
    return json{{"id", from.id},
                {"state", session::to_string(from.state)},
                {"progress", from.progress},
                {"started", from.started},
                {"completed", from.completed}};
}

log_lines newest_lines(const process::log_file& log) {
    auto newest = log.last_lines(lines_in_view - 1);
    auto& out = newest.lines;
    if (newest.whole && out.size() < lines_in_view - 1) out.insert(out.begin(), begin_mark);
    out.emplace_back(end_mark);
    return out;
}

log_page read_log(process::log_index& log, std::optional<std::int64_t> from,
                  std::optional<std::int64_t> wanted) {
    constexpr std::int64_t default_size = 100, longest_rest = 1000;
    const std::int64_t printed = log.line_count();
    log_page page;
    page.total = printed + 2;
    if (from && *from >= 0 && !wanted) {
        from = std::max(*from, page.total - longest_rest);
        wanted = longest_rest;
    }
    std::int64_t size = wanted.value_or(default_size);
    if (size < 0) size = page.total;
    page.from = from && *from >= 0 ? *from : std::max<std::int64_t>(0, page.total - size);
    const std::int64_t end = std::min(page.total, page.from + std::min(size, page.total));
    if (page.from < 1 && end > 0) page.lines.emplace_back(begin_mark);
    const std::int64_t first = std::max<std::int64_t>(page.from - 1, 0), last = std::min(end - 1, printed);
    if (last > first)
        for (auto& line : log.lines(first, last - first))
            page.lines.push_back(std::move(line));
    // Not where the page ended early: the mark is the last of all lines.
    if (page.from <= printed + 1 &&
        page.from + static_cast<std::int64_t>(page.lines.size()) == page.total - 1 && end == page.total)
        page.lines.emplace_back(end_mark);
    return page;
}

}  // namespace sparkgate::api
