// The effective configuration: plain values, read once at start and never changed.
//
// One table (src/config/options.cpp) holds each key with its type, default, check and documentation; the
// loader, `sparkgate config` and docs/configuration.md are made from it. Keys are Livy's without the prefix
// "livy.".
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sparkgate::config {

using std::chrono::milliseconds;

// A number of bytes; a type of its own so that the table parses "10m" for it.
struct byte_count {
    std::uint64_t value = 0;
};

// What happens to a statement whose code cannot be stopped.
enum class cancel_escalation { none, kill };

struct settings {
    std::string server_host;
    std::uint16_t server_port = 0;
    bool allow_remote_without_authentication = false;
    std::vector<std::string> allowed_hosts, allowed_origins;
    // Empty certificate: no TLS.
    std::filesystem::path tls_certificate, tls_key, tls_key_password_file, tls_client_ca;
    std::string tls_min_version, tls_ciphers, tls_client_auth;
    byte_count request_header_size, request_target_size, request_body_size;
    byte_count request_bodies_size, unread_answers_size;  // of all connections
    int max_header_fields = 0;
    int max_connections = 0, max_connections_per_address = 0, max_requests_per_connection = 0;
    byte_count min_transfer_rate;  // a second
    milliseconds header_timeout{}, body_timeout{}, keep_alive_timeout{}, write_timeout{};
    milliseconds drain_timeout{}, events_heartbeat{};
    bool security_headers = true;
    // Their values; empty: not sent.
    std::string x_frame_options, x_xss_protection, content_security_policy, x_content_type_options,
        strict_transport_security;
    bool csrf_protection = false, send_server_version = false;
    std::string ui_base_path;
    byte_count upload_max_size, session_uploads_size;
    byte_count creation_body_size;

    std::filesystem::path state_dir;
    std::string recovery_mode;  // "recovery": programs outlive the server; "off": they end with it
    std::string log_level;
    std::string access_log;  // empty: none; a relative one is in state_dir
    byte_count access_log_max_size;
    int access_log_files = 0;
    milliseconds session_orphan_timeout{}, batch_orphan_timeout{};  // that they outlive a server by

    std::string spark_home, spark_master, spark_deploy_mode;
    std::string spark_local_ip;  // that Spark listens on with a local master; empty: loopback
    bool spark_authenticate = false, spark_ui_acls = false;
    bool impersonation = false, allow_impersonation_without_authentication = false;
    std::vector<std::string> file_list_configs;              // conf keys that hold lists of files
    std::vector<std::filesystem::path> local_dir_whitelist;  // where local files of requests may lie
    std::filesystem::path conf_blacklist;                    // file of conf keys that requests may not set
    bool allow_custom_classpath = false, hive_context = false;
    int max_creation = 0, max_queued = 0;  // that start at a time, and that wait for it
    milliseconds batch_retain_time{};
    int batch_retain_count = 0, session_retain_count = 0;
    byte_count log_max_size;
    bool capacity_is_400 = false;
    std::string session_view;
    milliseconds connect_timeout{}, kill_grace{};

    // When sessions end by themselves.
    bool timeout_check = true, timeout_skips_busy = true, ttl_check = false;
    milliseconds session_timeout{}, session_ttl{}, state_retain{};

    milliseconds poll_hold{}, max_wait{};
    byte_count output_limit;
    int retained_statements = 0;
    int max_waiting = 0, max_waiting_total = 0;   // statements of a session, and of all
    byte_count waiting_size, waiting_total_size;  // of their code
    byte_count kept_texts_size;                   // of ended statements, in memory
    byte_count requests_size;                     // of what sessions and batches were created with, in memory
    byte_count store_waiting_size;                // of changes that wait for the disk
    cancel_escalation escalation = cancel_escalation::none;
    milliseconds cancel_timeout{};

    std::filesystem::path repl_dir;
    bool scala_prestart = true;
    int sql_rows = 0;
    bool hard_stop = true;
    std::string sparkr_lib;
};

}  // namespace sparkgate::config
