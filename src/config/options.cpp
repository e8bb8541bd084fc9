#include "options.hpp"

#include "values.hpp"

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

namespace sparkgate::config {
namespace {

using assign_function = std::function<result<void>(settings&, const std::string&)>;

// The parsers of the table: one overload per type of member.

template <class T>
result<void> store_value(T& member, result<T> value) {
    if (!value) return value.error();
    member = *value;
    return {};
}

assign_function into(bool settings::*member) {
    return [=](settings& s, const std::string& text) { return store_value(s.*member, parse_flag(text)); };
}

assign_function into(milliseconds settings::*member) {
    return [=](settings& s, const std::string& text) { return store_value(s.*member, parse_time(text)); };
}

assign_function into(byte_count settings::*member, std::uint64_t high) {
    return [=](settings& s, const std::string& text) -> result<void> {
        const auto value = parse_bytes(text);
        if (value && value->value > high)
            return fail(errc::invalid_argument, "expected at most " + std::to_string(high) + " bytes");
        return store_value(s.*member, value);
    };
}

template <class Integer>
assign_function into(Integer settings::*member, std::int64_t low, std::int64_t high) {
    return [=](settings& s, const std::string& text) -> result<void> {
        const auto value = parse_integer(text, low, high);
        if (!value) return value.error();
        s.*member = static_cast<Integer>(*value);
        return {};
    };
}

assign_function into(std::string settings::*member) {
    return [=](settings& s, const std::string& text) -> result<void> {
        s.*member = text;
        return {};
    };
}

assign_function into(std::filesystem::path settings::*member) {
    return [=](settings& s, const std::string& text) -> result<void> {
        s.*member = text;
        return {};
    };
}

assign_function one_of(std::string settings::*member, std::vector<std::string> words) {
    return [=](settings& s, const std::string& text) -> result<void> {
        if (std::find(words.begin(), words.end(), text) == words.end()) {
            std::string expected = "expected one of";
            for (const auto& word : words)
                expected += " " + (word.empty() ? "(empty)" : word);
            return fail(errc::invalid_argument, expected);
        }
        s.*member = text;
        return {};
    };
}

// Livy splits lists at commas and blanks.
template <class Item>
assign_function into_list(std::vector<Item> settings::*member) {
    return [=](settings& s, const std::string& text) -> result<void> {
        (s.*member).clear();
        for (auto& item : parse_list(text))
            (s.*member).emplace_back(std::move(item));
        return {};
    };
}

result<void> assign_escalation(settings& s, const std::string& text) {
    if (text != "none" && text != "kill") return fail(errc::invalid_argument, "expected none or kill");
    s.escalation = text == "kill" ? cancel_escalation::kill : cancel_escalation::none;
    return {};
}

std::string default_state_dir() {
    if (const char* given = std::getenv("XDG_STATE_HOME"); given && *given)
        return std::string(given) + "/sparkgate";
    if (const char* home = std::getenv("HOME"); home && *home)
        return std::string(home) + "/.local/state/sparkgate";
    return "/var/lib/sparkgate";
}

constexpr std::int64_t int_max = 2147483647;

std::vector<option> make_options() {
    return {
        {"server.host", "address", "127.0.0.1", "Address to listen on.", into(&settings::server_host)},
        {"server.port", "whole number", "8998", "Port to listen on; 0 takes a free one (see --port-file).",
         into(&settings::server_port, 0, 65535)},
        {"server.allow-remote-without-authentication", "true or false", "false",
         "Listen beyond loopback although anybody who reaches the port can run code as this user.",
         into(&settings::allow_remote_without_authentication)},
        {"server.request-header.size", "bytes", "48k", "Largest request header.",
         into(&settings::request_header_size, 48 * 1024)},
        {"server.request-body.size", "bytes", "64m", "Largest request body.",
         into(&settings::request_body_size, 1u << 30)},
        {"server.max-connections", "whole number", "10000", "Open connections, in all.",
         into(&settings::max_connections, 1, int_max)},
        {"server.header-timeout", "time", "10s", "From the first byte of a request to the end of its header.",
         into(&settings::header_timeout)},
        {"server.body-timeout", "time", "60s", "For a request's body, plus a second for each 10 KiB.",
         into(&settings::body_timeout)},
        {"server.keep-alive-timeout", "time", "120s", "How long an idle connection is kept.",
         into(&settings::keep_alive_timeout)},
        {"server.write-timeout", "time", "60s", "For sending an answer, plus a second for each 10 KiB.",
         into(&settings::write_timeout)},
        {"server.drain-timeout", "time", "30s", "At stop, how long answers in flight may take.",
         into(&settings::drain_timeout)},
        {"server.security-headers.enabled", "true or false", "true",
         "Send the headers below with every answer.", into(&settings::security_headers)},
        {"server.http.header.X-Frame-Options", "text", "SAMEORIGIN", "Value of that header; empty: not sent.",
         into(&settings::x_frame_options)},
        {"server.http.header.X-XSS-Protection", "text", "1; mode=block",
         "Value of that header; empty: not sent.", into(&settings::x_xss_protection)},
        {"server.http.header.Content-Security-Policy", "text",
         "default-src 'self'; script-src 'self' 'unsafe-inline'; img-src 'self'; frame-src 'self';",
         "Value of that header; empty: not sent.", into(&settings::content_security_policy)},
        {"server.http.header.X-Content-Type-Options", "text", "nosniff",
         "Value of that header; empty: not sent.", into(&settings::x_content_type_options)},
        {"server.send-server-version", "true or false", "false", "Send a Server header with the version.",
         into(&settings::send_server_version)},
        {"server.csrf-protection.enabled", "true or false", "false",
         "Refuse requests that change something and have no X-Requested-By header.",
         into(&settings::csrf_protection)},
        {"ui.basePath", "path", "", "Prefix of the redirect of GET /.", into(&settings::ui_base_path)},
        {"file.upload.max.size", "bytes", "104857600", "Largest uploaded file.",
         into(&settings::upload_max_size, 1u << 30)},
        {"server.log.level", "debug, info, warn or error", "info", "What the server logs (to stderr).",
         one_of(&settings::log_level, {"debug", "info", "warn", "error"})},
        {"state.dir", "path", default_state_dir(), "Everything that the server keeps: store, logs, sockets.",
         into(&settings::state_dir)},

        {"server.spark-home", "path", "",
         "Spark's directory; empty: SPARK_HOME, else the pyspark package of the python3 in PATH.",
         into(&settings::spark_home)},
        {"spark.master", "Spark master", "local[*]", "Master of every session.",
         into(&settings::spark_master)},
        {"spark.deploy-mode", "client or empty", "",
         "Deploy mode of every session. (cluster comes with remote drivers.)",
         one_of(&settings::spark_deploy_mode, {"", "client"})},
        {"impersonation.enabled", "true or false", "false",
         "Start sessions as their proxyUser (spark-submit --proxy-user); off: proxyUser and doAs are "
         "ignored.",
         into(&settings::impersonation)},
        {"file.local-dir-whitelist", "list of paths", "",
         "Directories that local files of requests may lie in; empty: none may, / allows all.",
         into_list(&settings::local_dir_whitelist)},
        {"spark.file-list-configs", "list of conf keys", "",
         "Further conf keys whose values are lists of files, checked and resolved like spark.jars.",
         into_list(&settings::file_list_configs)},
        {"server.session.conf-blacklist", "path", "",
         "File of conf keys that requests may not set, one a line; empty: spark-blacklist.conf beside the "
         "configuration file, if there is one.",
         into(&settings::conf_blacklist)},
        {"server.session.allow-custom-classpath", "true or false", "false",
         "Let requests set spark.submit.deployMode and "
         "spark.submit.proxyUser.allowCustomClasspathInClusterMode.",
         into(&settings::allow_custom_classpath)},
        {"repl.enable-hive-context", "true or false", "false",
         "Sessions use Hive's catalog; off: Spark's in-memory one.", into(&settings::hive_context)},
        {"server.session.max-creation", "whole number", "100",
         "Sessions that may be starting at a time; more are refused.",
         into(&settings::max_creation, 1, int_max)},
        {"server.compat.capacity-400", "true or false", "false",
         "Refuse with Livy's 400 when too many sessions are starting; off: 429 with Retry-After.",
         into(&settings::capacity_is_400)},
        {"server.session.timeout-check", "true or false", "true",
         "End idle sessions. A session's own idleTimeout counts in any case.",
         into(&settings::timeout_check)},
        {"server.session.timeout-check.skip-busy", "true or false", "true",
         "Statements that run or wait stop the clocks of idle timeout and ttl.",
         into(&settings::timeout_skips_busy)},
        {"server.session.timeout", "time", "1h", "How long a session may be idle; 0: for ever.",
         into(&settings::session_timeout)},
        {"server.session.ttl-check", "true or false", "false",
         "End old sessions. A session's own ttl counts in any case.", into(&settings::ttl_check)},
        {"server.session.ttl", "time", "8h", "How long a session may live; 0: for ever.",
         into(&settings::session_ttl)},
        {"server.session.state-retain.sec", "time", "600s",
         "How long a session that has ended is listed; 0: until it is deleted.",
         into(&settings::state_retain)},
        {"rsc.server.connect.timeout", "time", "90s", "How long a session may take to start.",
         into(&settings::connect_timeout)},
        {"session.kill-grace", "time", "10s", "Between asking a session's processes to end (TERM) and KILL.",
         into(&settings::kill_grace)},

        {"statement.poll-hold", "time", "1s",
         "How long a GET of an unfinished statement or a starting session is held; 0 answers at once.",
         into(&settings::poll_hold)},
        {"statement.max-wait", "time", "60s", "The longest ?wait= that is granted.",
         into(&settings::max_wait)},
        {"statement.output-limit", "bytes", "10m",
         "Text that a statement may print; more is cut, with a mark.",
         into(&settings::output_limit, 48u << 20)},
        {"rsc.retained-statements", "whole number", "100", "Newest statements kept per session.",
         into(&settings::retained_statements, 1, 1'000'000)},
        {"rsc.job-cancel.timeout", "time", "30s", "After this time a cancel that did not work is reported.",
         into(&settings::cancel_timeout)},
        {"server.cancel.escalation", "none or kill", "none",
         "What happens then: none goes on trying, kill ends the session.", assign_escalation},

        {"repl.dir", "path", "", "The driver package; empty: repl beside the program.",
         into(&settings::repl_dir)},
        {"repl.scala-prestart", "true or false", "true",
         "Start Scala's compiler in the background once a session is idle.", into(&settings::scala_prestart)},
        {"repl.hard-stop", "true or false", "true",
         "Cancel Scala loops that ignore interrupts by an asynchronous exception.",
         into(&settings::hard_stop)},
        {"repl.sparkr-lib", "path", "", "R library that holds SparkR, besides SPARK_HOME/R/lib.",
         into(&settings::sparkr_lib)},
        {"rsc.sql.num-rows", "whole number", "1000", "Rows that a sql statement returns.",
         into(&settings::sql_rows, 0, 1'000'000)},
    };
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
        }
    }
    return row[b.size()];
}

std::string_view without_prefix(std::string_view key) {
    for (const std::string_view prefix : {"livy.", "sparkgate."})
        if (key.starts_with(prefix)) return key.substr(prefix.size());
    return key;
}

}  // namespace

const std::vector<option>& options() {
    static const std::vector<option> table = make_options();
    return table;
}

const option* find_option(std::string_view key) {
    key = without_prefix(key);
    for (const auto& candidate : options())
        if (candidate.key == key) return &candidate;
    return nullptr;
}

std::string nearest_key(std::string_view key) {
    key = without_prefix(key);
    const auto& table = options();
    return std::min_element(table.begin(), table.end(),
                            [&](const option& a, const option& b) {
                                return edit_distance(key, a.key) < edit_distance(key, b.key);
                            })
        ->key;
}

}  // namespace sparkgate::config
