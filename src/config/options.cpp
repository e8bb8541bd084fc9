#include "options.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstdlib>

namespace sparkgate::config {
namespace {

result<void> assign_escalation(settings& s, const std::string& text) {
    if (text != "none" && text != "kill") return fail(errc::invalid_argument, "expected none or kill");
    s.escalation = text == "kill" ? cancel_escalation::kill : cancel_escalation::none;
    return {};
}

result<void> assign_heartbeat(settings& s, const std::string& text) {
    const auto time = parse_time(text);
    if (!time || *time < milliseconds(10) || *time > std::chrono::hours(24))
        return fail(errc::invalid_argument, "expected a time from 10ms to 24h");
    s.events_heartbeat = *time;
    return {};
}

result<void> assign_local_ip(settings& s, const std::string& text) {
    boost::system::error_code no_address;
    if (!text.empty()) boost::asio::ip::make_address(text, no_address);
    if (no_address) return fail(errc::invalid_argument, "expected an IP address");
    s.spark_local_ip = text;
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
constexpr byte_count largest_header{48 * 1024}, largest_upload{1u << 30};

// Says that Livy has the key with the same meaning and default; a text instead says what is different there.
constexpr const char* same = "";

std::vector<option> make_options() {
    return {
        {"server.host", "address", "127.0.0.1", "Address to listen on.", into(&settings::server_host),
         "Livy's default is 0.0.0.0, which takes server.allow-remote-without-authentication here."},
        {"server.port", "whole number", "8998", "Port to listen on; 0 takes a free one (see --port-file).",
         into(&settings::server_port, 0, 65535), same},
        {"server.allow-remote-without-authentication", "true or false", "false",
         "Listen beyond loopback although anybody who reaches the port can run code as this user.",
         into(&settings::allow_remote_without_authentication)},
        {"server.allowed-hosts", "list of names", "",
         "Names by which clients may call the server (the Host header, without port), besides loopback, its "
         "addresses and its host name; *.example.org: every name below. *: any. Where clients have to show a "
         "certificate, empty means any.",
         into_list(&settings::allowed_hosts)},
        {"server.allowed-origins", "list of origins", "",
         "Web pages of other sites that may use the server (CORS), such as https://notebook.example.org. All "
         "others are refused.",
         into_list(&settings::allowed_origins)},
        {"server.tls.certificate", "path", "",
         "PEM file of the server's certificate and those that lead to its CA; empty: plain HTTP.",
         into(&settings::tls_certificate)},
        {"server.tls.key", "path", "",
         "PEM file of the certificate's private key; empty: it is in the certificate's file.",
         into(&settings::tls_key)},
        {"server.tls.key-password-file", "path", "",
         "File whose first line is the password of an encrypted key.",
         into(&settings::tls_key_password_file)},
        {"server.tls.min-version", "1.2 or 1.3", "1.2", "Lowest version of TLS that is spoken.",
         one_of(&settings::tls_min_version, {"1.2", "1.3"})},
        {"server.tls.ciphers", "text", "DEFAULT:!SHA1",
         "Ciphers of TLS 1.2, as `openssl ciphers` takes them; !SHA1 are those of CBC with SHA-1. Empty: "
         "OpenSSL's choice.",
         into(&settings::tls_ciphers)},
        {"server.tls.client-auth", "none, optional or required", "none",
         "Whether clients are asked for a certificate, and refused without one.",
         one_of(&settings::tls_client_auth, {"none", "optional", "required"})},
        {"server.tls.client-ca", "path", "", "PEM file of the CAs that sign clients' certificates.",
         into(&settings::tls_client_ca)},
        {"server.request-header.size", "bytes", "48k", "Largest request header.",
         into(&settings::request_header_size, largest_header.value),
         "Livy's default is 131072; here 48k is the most, and more is cut to it.", largest_header},
        {"server.request-header.max-fields", "whole number", "100", "Fields of a request header; more: 431.",
         into(&settings::max_header_fields, 1, int_max)},
        {"server.request-target.size", "bytes", "8k", "Longest path with its query; longer: 414.",
         into(&settings::request_target_size, largest_header.value)},
        {"server.request-body.size", "bytes", "16m",
         "Largest request body; larger: 413. Uploads have file.upload.max.size instead.",
         into(&settings::request_body_size, 1u << 30)},
        {"server.request-body.creation-size", "bytes", "1m",
         "Largest body of a request that is neither a statement nor an upload, such as a creation; larger: "
         "413.",
         into(&settings::creation_body_size, 1u << 30)},
        {"server.request-body.total-size", "bytes", "512m",
         "Request bodies in memory, of all connections; whoever sends more: 503.",
         into(&settings::request_bodies_size, 1ull << 40)},
        {"server.unread-answers.total-size", "bytes", "512m",
         "Answers that clients have not taken yet, of all connections; beyond it the slowest reader is cut.",
         into(&settings::unread_answers_size, 1ull << 40)},
        {"server.max-connections", "whole number", "10000", "Open connections, in all; more: 503.",
         into(&settings::max_connections, 1, int_max)},
        {"server.max-connections-per-address", "whole number", "1000",
         "Open connections from one IPv4 address or IPv6 network (/64), or of one user of this host; more: "
         "429. 0: no limit. Behind a proxy all connections come from one address, or are of one user.",
         into(&settings::max_connections_per_address, 0, int_max)},
        {"server.max-requests-per-connection", "whole number", "10000",
         "Answered on one connection before the server closes it; 0: no limit.",
         into(&settings::max_requests_per_connection, 0, int_max)},
        {"server.header-timeout", "time", "10s", "From the first byte of a request to the end of its header.",
         into(&settings::header_timeout)},
        {"server.body-timeout", "time", "60s",
         "For a request's body, plus its size at server.min-transfer-rate.", into(&settings::body_timeout)},
        {"server.keep-alive-timeout", "time", "120s", "How long an idle connection is kept.",
         into(&settings::keep_alive_timeout)},
        {"server.write-timeout", "time", "60s",
         "For sending an answer, plus its size at server.min-transfer-rate.", into(&settings::write_timeout)},
        {"server.min-transfer-rate", "bytes", "10k", "What a client has to send or read in a second.",
         into(&settings::min_transfer_rate, 1ull << 40)},
        {"server.drain-timeout", "time", "30s", "At stop, how long answers in flight may take.",
         into(&settings::drain_timeout)},
        {"server.events.heartbeat", "time", "15s",
         "The longest silence of an event stream: after it a comment line is sent.", assign_heartbeat},
        {"server.security-headers.enabled", "true or false", "true",
         "Send the headers below with every answer.", into(&settings::security_headers), same},
        {"server.http.header.X-Frame-Options", "text", "SAMEORIGIN", "Value of that header; empty: not sent.",
         into(&settings::x_frame_options), same},
        {"server.http.header.X-XSS-Protection", "text", "1; mode=block",
         "Value of that header; empty: not sent.", into(&settings::x_xss_protection), same},
        {"server.http.header.Content-Security-Policy", "text",
         "default-src 'self'; script-src 'self' 'unsafe-inline'; img-src 'self'; frame-src 'self';",
         "Value of that header; empty: not sent.", into(&settings::content_security_policy), same},
        {"server.http.header.X-Content-Type-Options", "text", "nosniff",
         "Value of that header; empty: not sent.", into(&settings::x_content_type_options), same},
        {"server.http.header.Strict-Transport-Security", "text", "max-age=31536000; includeSubDomains",
         "Value of that header, which is sent over TLS only; empty: not sent.",
         into(&settings::strict_transport_security), same},
        {"server.send-server-version", "true or false", "false", "Send a Server header with the version.",
         into(&settings::send_server_version), same},
        {"server.csrf-protection.enabled", "true or false", "false",
         "Refuse requests that change something and have no X-Requested-By header.",
         into(&settings::csrf_protection), same},
        {"ui.basePath", "path", "", "Prefix of the redirect of GET /.", into(&settings::ui_base_path), same},
        {"file.upload.max.size", "bytes", "104857600", "Largest uploaded file; larger: 413.",
         into(&settings::upload_max_size, largest_upload.value),
         "Here 1g is the most, and more is cut to it.", largest_upload},
        {"file.upload.session-size", "bytes", "1g", "Uploaded files of a session, together; more: 413.",
         into(&settings::session_uploads_size, 1ull << 40)},
        {"server.log.level", "debug, info, warn or error", "info", "What the server logs (to stderr).",
         one_of(&settings::log_level, {"debug", "info", "warn", "error"})},
        {"server.access-log", "path", "access.log",
         "A line for each request, in the combined format with seconds and request id. A relative path is in "
         "state.dir; empty: none.",
         into(&settings::access_log)},
        {"server.access-log.max-size", "bytes", "16m",
         "The access log is moved to access.1.log when it has this size.",
         into(&settings::access_log_max_size, 1ull << 40)},
        {"server.access-log.files", "whole number", "4", "Earlier access logs that are kept.",
         into(&settings::access_log_files, 0, 1000)},
        {"state.dir", "path", default_state_dir(), "Everything that the server keeps: store, logs, sockets.",
         into(&settings::state_dir)},

        {"server.recovery.mode", "recovery or off", "recovery",
         "recovery: sessions and batches live on when the server stops, and the next one goes on with them; "
         "off: "
         "they end with it.",
         one_of(&settings::recovery_mode, {"recovery", "off"}),
         "Livy's default is off; it recovers on YARN and Kubernetes only, and from a store of another kind."},
        {"rsc.server.idle-timeout", "time", "24h",
         "A session ends when no server has come back for that long; 0: never.",
         into(&settings::session_orphan_timeout), "Livy's default is 10m."},
        {"server.batch.orphan-timeout", "time", "0", "The same for a batch.",
         into(&settings::batch_orphan_timeout)},

        {"server.spark-home", "path", "",
         "Spark's directory; empty: SPARK_HOME, else the pyspark package of the python3 in PATH.",
         into(&settings::spark_home), "Livy does not look for a pyspark package."},
        {"spark.master", "Spark master", "local[*]", "Master of every session.",
         into(&settings::spark_master), "Livy's default is local."},
        {"spark.deploy-mode", "client or empty", "",
         "Deploy mode of every session. (cluster comes with remote drivers.)",
         one_of(&settings::spark_deploy_mode, {"", "client"}), "Livy also takes cluster."},
        {"spark.local-ip", "address or empty", "",
         "With a local master, the address that everything of Spark's listens on; empty: SPARK_LOCAL_IP of "
         "the "
         "server's environment or spark-env.sh, else loopback; 0.0.0.0: Spark's own choice, which is all "
         "addresses for its UI.",
         assign_local_ip},
        {"spark.authenticate", "true or false", "false",
         "Every session and batch has spark.authenticate: only who knows its secret reaches its driver and "
         "executors. Requests cannot change it.",
         into(&settings::spark_authenticate)},
        {"spark.ui.acls", "true or false", "false",
         "Every session and batch has spark.acls.enable: the users whom a filter of Spark's UI "
         "(spark.ui.filters in spark-defaults.conf) has found see their own only. Requests cannot change it.",
         into(&settings::spark_ui_acls)},
        {"impersonation.enabled", "true or false", "false",
         "Start sessions as their proxyUser (spark-submit --proxy-user); off: proxyUser and doAs are "
         "ignored.",
         into(&settings::impersonation),
         "The start is refused without server.allow-impersonation-without-authentication."},
        {"server.allow-impersonation-without-authentication", "true or false", "false",
         "Let impersonation.enabled be true although anybody who reaches the port can then be any user.",
         into(&settings::allow_impersonation_without_authentication)},
        {"file.local-dir-whitelist", "list of paths", "",
         "Directories that local files of requests may lie in; empty: none may, / allows all.",
         into_list(&settings::local_dir_whitelist), same},
        {"spark.file-list-configs", "list of conf keys", "",
         "Further conf keys whose values are lists of files, checked and resolved like spark.jars.",
         into_list(&settings::file_list_configs), same},
        {"server.session.conf-blacklist", "path", "",
         "File of conf keys that requests may not set, one a line; empty: spark-blacklist.conf beside the "
         "configuration file, if there is one.",
         into(&settings::conf_blacklist)},
        {"server.session.allow-custom-classpath", "true or false", "false",
         "Let requests set spark.submit.deployMode and "
         "spark.submit.proxyUser.allowCustomClasspathInClusterMode.",
         into(&settings::allow_custom_classpath), same},
        {"repl.enable-hive-context", "true or false", "false",
         "Sessions use Hive's catalog; off: Spark's in-memory one.", into(&settings::hive_context), same},
        {"server.session.max-creation", "whole number", "0",
         "Sessions and batches that start at a time; the others wait for their turn. 0: twice the number of "
         "processors.",
         into(&settings::max_creation, 0, int_max),
         "Livy's default is 100, and it refuses what comes beyond it."},
        {"server.session.max-queued", "whole number", "1000",
         "Sessions and batches that may wait for their turn; more are refused with 429 and Retry-After.",
         into(&settings::max_queued, 0, int_max)},
        {"server.session.requests-size", "bytes", "256m",
         "Memory for what all listed sessions and batches were created with (conf, lists of files, "
         "arguments); "
         "more: 429.",
         into(&settings::requests_size, 1ull << 40)},
        {"server.compat.capacity-400", "true or false", "false",
         "Refuse with Livy's 400 when too many wait; off: 429 with Retry-After.",
         into(&settings::capacity_is_400)},
        {"server.compat.session-view", "0.9 or 0.7", "0.9",
         "Livy's version whose fields a session is shown with; 0.7 leaves out all from ttl on. Livy's own "
         "Java client, which takes no others, is shown those of 0.7 in any case.",
         one_of(&settings::session_view, {"0.9", "0.7"})},
        {"server.batch.retain-time", "time", "7d",
         "How long a batch that has ended is listed, with its log; 0: until it is deleted.",
         into(&settings::batch_retain_time)},
        {"server.batch.retain-count", "whole number", "10000",
         "Batches that have ended and are kept; the oldest go first.",
         into(&settings::batch_retain_count, 0, 1'000'000)},
        {"log.max-size", "bytes", "2g",
         "Output kept of a session or batch; of a larger one the middle is removed. 0: all is kept.",
         into(&settings::log_max_size, 1ull << 60)},
        {"server.session.timeout-check", "true or false", "true",
         "End idle sessions. A session's own idleTimeout counts in any case.", into(&settings::timeout_check),
         "In Livy a session's own idleTimeout counts only with this."},
        {"server.session.timeout-check.skip-busy", "true or false", "true",
         "Statements that run or wait stop the clocks of idle timeout and ttl.",
         into(&settings::timeout_skips_busy), "Livy's default is false."},
        {"server.session.timeout", "time", "1h", "How long a session may be idle; 0: for ever.",
         into(&settings::session_timeout), same},
        {"server.session.ttl-check", "true or false", "false",
         "End old sessions. A session's own ttl counts in any case.", into(&settings::ttl_check),
         "In Livy a session's own ttl counts only with this."},
        {"server.session.ttl", "time", "8h", "How long a session may live; 0: for ever.",
         into(&settings::session_ttl), same},
        {"server.session.state-retain.sec", "time", "600s",
         "How long a session that has ended is listed; 0: until it is deleted.",
         into(&settings::state_retain),
         "In Livy it counts for batches too; here they have server.batch.retain-time."},
        {"server.session.retain-count", "whole number", "1000",
         "Sessions that have ended and are listed; the oldest go first.",
         into(&settings::session_retain_count, 0, 1'000'000)},
        {"rsc.server.connect.timeout", "time", "90s", "How long a session may take to start.",
         into(&settings::connect_timeout), same},
        {"session.kill-grace", "time", "10s", "Between asking a session's processes to end (TERM) and KILL.",
         into(&settings::kill_grace)},

        {"statement.poll-hold", "time", "9s",
         "How long a GET of an unfinished statement or a starting session is held when the client polls: "
         "within 6 s "
         "after it was created, or shown unfinished. Others are answered at once; 0 does so for all.",
         into(&settings::poll_hold)},
        {"statement.max-wait", "time", "60s", "The longest ?wait= that is granted.",
         into(&settings::max_wait)},
        {"statement.output-limit", "bytes", "10m",
         "Text that a statement may print; more is cut, with a mark.",
         into(&settings::output_limit, 48u << 20)},
        {"rsc.retained-statements", "whole number", "100",
         "Newest statements kept per session; a session's own conf may ask for up to 10,000.",
         into(&settings::retained_statements, 1, 1'000'000), "Livy takes any number."},
        {"statement.max-waiting", "whole number", "1000",
         "Statements of a session that wait or run; more: 429.", into(&settings::max_waiting, 1, 1'000'000)},
        {"statement.max-waiting-total", "whole number", "20000",
         "Statements of all sessions that wait or run; more: 429.",
         into(&settings::max_waiting_total, 1, 10'000'000)},
        {"statement.waiting-size", "bytes", "64m",
         "Code of a session's statements that wait or run, together; more: 429.",
         into(&settings::waiting_size, 1ull << 40)},
        {"statement.waiting-total-size", "bytes", "256m",
         "Code of all sessions' statements that wait or run, together; more: 429.",
         into(&settings::waiting_total_size, 1ull << 40)},
        {"statement.kept-size", "bytes", "64m",
         "Code and outputs of ended statements that stay in memory, of all sessions; others are read from "
         "the "
         "store.",
         into(&settings::kept_texts_size, 1ull << 40)},
        {"rsc.job-cancel.timeout", "time", "30s", "After this time a cancel that did not work is reported.",
         into(&settings::cancel_timeout), "Livy then says cancelled although the code goes on."},
        {"server.cancel.escalation", "none or kill", "none",
         "What happens then: none goes on trying, kill ends the session.", assign_escalation},

        {"store.waiting-size", "bytes", "256m",
         "Changes that wait for a disk that does not keep up; the request that brings more: 503.",
         into(&settings::store_waiting_size, 1ull << 40)},

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
         into(&settings::sql_rows, 0, 1'000'000), "Livy takes any number."},
    };
}

}  // namespace

const std::vector<option>& options() {
    static const std::vector<option> table = make_options();
    return table;
}

}  // namespace sparkgate::config
