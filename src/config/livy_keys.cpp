#include "livy_keys.hpp"

#include "values.hpp"

namespace sparkgate::config {
namespace {

// Rows that share a reason.
struct row {
    std::string key, default_value;
};

class table {
public:
    void add(const char* reason, std::initializer_list<row> rows, when_asked then = when_asked::note) {
        for (const auto& each : rows)
            keys.push_back({each.key, each.default_value, reason, then});
    }

    std::vector<livy_key> keys;
};

void add_server(table& to) {
    to.add("There is no web UI in this version.", {{"ui.enabled", "true"}});
    to.add("Answers have small headers; nothing has to be limited.",
           {{"server.response-header.size", "131072"}});
    to.add("Answers never hold stack traces or lists of routes.", {{"environment", "production"}});
    to.add("The access log is kept by size: server.access-log.max-size and server.access-log.files.",
           {{"server.request-log-retain.days", "5"}});
    to.add("The whole log of a session is kept, in a file.", {{"cache-log.size", "200"}});
    to.add("Uploads lie in the session's directory below state.dir; other files stay where they are.",
           {{"session.staging-dir", ""}});
    to.add("An application without a name of its own is called livy-session- and the session's id.",
           {{"server.app-name-prefix", "livy-session"}});
    to.add("One event loop serves all sessions; there are no threads for each.",
           {{"server.session.manage.threads", "200"},
            {"server.session.manage.wait.queue.size", "100"},
            {"server.session.manage.shutdown.timeout", "10s"},
            {"server.session.manage.keepalive.time", "10s"}});
    to.add("The server expires sessions on time instead of scanning them.",
           {{"server.heartbeat-watchdog.interval", "1m"}});
}

void add_security(table& to) {
    to.add(
        "Authentication is not available in this version: leave this key out, and let a proxy in front of "
        "127.0.0.1 authenticate.",
        {{"server.auth.type", ""}}, when_asked::refuse);
    to.add("Authentication is not available in this version.",
           {{"server.auth.ldap.url", ""},
            {"server.auth.ldap.base-dn", ""},
            {"server.auth.ldap.username-domain", ""},
            {"server.auth.ldap.enable-start-tls", "false"},
            {"server.auth.ldap.security-authentication", "simple"},
            {"server.auth.kerberos.principal", ""},
            {"server.auth.kerberos.keytab", ""},
            {"server.auth.kerberos.name-rules", "DEFAULT"},
            {"server.auth.<name>.class", ""},
            {"server.auth.<name>.param.<parameter>", ""},
            {"superusers", ""}});
    to.add(
        "Access control is not available in this version: leave this key out, and let a proxy in front of "
        "127.0.0.1 decide who gets through.",
        {{"server.access-control.enabled", "false"}}, when_asked::refuse);
    to.add("Access control is not available in this version.", {{"server.access-control.allowed-users", "*"},
                                                                {"server.access-control.modify-users", ""},
                                                                {"server.access-control.view-users", ""}});
    to.add("Livy ignores it too since 0.4.", {{"server.access_control.users", ""}});
    to.add(
        "Keystores are not read: leave this key out, and set server.tls.certificate and server.tls.key to "
        "PEM "
        "files, which `keytool -importkeystore -srckeystore OLD -destkeystore new.p12 -deststoretype "
        "PKCS12`, "
        "`openssl pkcs12 -in new.p12 -nokeys -out certificate.pem` and "
        "`openssl pkcs12 -in new.p12 -nocerts -out key.pem` make of one (see docs/tls.md).",
        {{"keystore", ""}}, when_asked::refuse);
    to.add(
        "Keystores are not read: server.tls.certificate and server.tls.key name PEM files, and "
        "server.tls.key-password-file a file with the key's password.",
        {{"keystore.password", ""},
         {"key-password", ""},
         {"keystore.type", "JKS"},
         {"hadoop.security.credential.provider.path", ""}});
    to.add(
        "The server does not log in: spark-submit finds the Kerberos ticket of the server's user, which "
        "something else (kinit) has to renew.",
        {{"server.launch.kerberos.principal", ""}, {"server.launch.kerberos.keytab", ""}}, when_asked::warn);
    to.add("The server does not log in to Kerberos.", {{"server.launch.kerberos.refresh-interval", "1h"},
                                                       {"server.launch.kerberos.kinit-fail-threshold", "5"}});
}

void add_recovery(table& to) {
    to.add("The server keeps its state in SQLite, in state.dir.",
           {{"server.recovery.state-store", ""},
            {"server.recovery.state-store.url", ""},
            {"server.recovery.zk-state-store.retry-policy", "5,100"},
            {"server.recovery.zk-state-store.key-prefix", "livy"},
            {"server.zookeeper.url", ""},
            {"server.zk.retry-policy", ""},
            {"server.zk.sasl.enabled", "false"},
            {"server.zk.sasl.login-context", "Client"},
            {"server.zk.clientCnxnSocket", "org.apache.zookeeper.ClientCnxnSocketNetty"},
            {"server.zk.client.secure", "false"},
            {"server.zk.ssl.keyStore.password", ""},
            {"server.zk.ssl.truststore.location", ""},
            {"server.zk.ssl.truststore.password", ""},
            {"server.hdfs.safe-mode.interval", "5"},
            {"server.hdfs.safe-mode.max.retry.attempts", "12"}});
}

void add_clusters(table& to) {
    to.add("YARN is not asked about applications in this version: a session is its spark-submit process.",
           {{"server.yarn.app-lookup-timeout", "120s"},
            {"server.yarn.poll-interval", "5s"},
            {"server.yarn.app-leakage.check-timeout", "600s"},
            {"server.yarn.app-leakage.check-interval", "60s"}});
    constexpr auto* kubernetes =
        "Kubernetes is not asked about applications in this version: a session is its spark-submit process.";
    to.add(kubernetes, {{"server.kubernetes.oauthTokenFile", ""},
                        {"server.kubernetes.oauthTokenValue", ""},
                        {"server.kubernetes.caCertFile", ""},
                        {"server.kubernetes.clientKeyFile", ""},
                        {"server.kubernetes.clientCertFile", ""},
                        {"server.kubernetes.app-lookup-timeout", "600s"},
                        {"server.kubernetes.app-lookup.max-failed.times", "120"},
                        {"server.kubernetes.app-lookup.thread-pool.size", "4"},
                        {"server.kubernetes.poll-interval", "15s"},
                        {"server.kubernetes.app-leakage.check-timeout", "600s"},
                        {"server.kubernetes.app-leakage.check-interval", "60s"},
                        {"server.kubernetes.spark.sidecar.enabled", "true"},
                        {"server.kubernetes.spark.container.name", "spark-container"},
                        {"ui.history-server-url", "http://spark-history-server"}});
    constexpr auto* ingress = "No Kubernetes ingress is made for Spark's UI in this version.";
    to.add(ingress, {{"server.kubernetes.ingress.create", "false"}}, when_asked::warn);
    to.add(ingress, {{"server.kubernetes.ingress.className", ""},
                     {"server.kubernetes.ingress.protocol", "http"},
                     {"server.kubernetes.ingress.host", "localhost"},
                     {"server.kubernetes.ingress.additionalConfSnippet", ""},
                     {"server.kubernetes.ingress.additionalAnnotations", ""},
                     {"server.kubernetes.ingress.tls.secretName", "spark-cluster-tls"}});
    constexpr auto* grafana = "Sessions have no links to Grafana in this version.";
    to.add(grafana, {{"server.kubernetes.grafana.loki.enabled", "false"}}, when_asked::warn);
    to.add(grafana, {{"server.kubernetes.grafana.url", "http://localhost:3000"},
                     {"server.kubernetes.grafana.loki.datasource", "loki"},
                     {"server.kubernetes.grafana.timeRange", "6h"}});
}

void add_thrift(table& to) {
    to.add(
        "The Thrift (JDBC) server is not available in this version: leave this key out; SQL runs as "
        "statements of kind sql.",
        {{"server.thrift.enabled", "false"}}, when_asked::refuse);
    to.add("The Thrift (JDBC) server is not available in this version.",
           {{"server.thrift.port", "10090"},
            {"server.thrift.bind.host", ""},
            {"server.thrift.transport.mode", "binary"},
            {"server.thrift.incrementalCollect", "false"},
            {"server.thrift.session.creationTimeout", "10m"},
            {"server.thrift.resultset.default.fetch.size", "1000"},
            {"server.thrift.resultset.max.fetch.size", "10000"},
            {"server.thrift.long.polling.timeout", "5000ms"},
            {"server.thrift.limit.connections.per.user", "0"},
            {"server.thrift.limit.connections.per.ipaddress", "0"},
            {"server.thrift.limit.connections.per.user.ipaddress", "0"},
            {"server.thrift.session.check.interval", "6h"},
            {"server.thrift.idle.session.timeout", "7d"},
            {"server.thrift.idle.operation.timeout", "5d"},
            {"server.thrift.idle.session.check.operation", "true"},
            {"server.thrift.close.session.on.disconnect", "true"},
            {"server.thrift.logging.operation.enabled", "true"},
            {"server.thrift.async.exec.threads", "100"},
            {"server.thrift.async.exec.shutdown.timeout", "10s"},
            {"server.thrift.async.exec.wait.queue.size", "100"},
            {"server.thrift.async.exec.keepalive.time", "10s"},
            {"server.thrift.worker.keepalive.time", "60s"},
            {"server.thrift.min.worker.threads", "5"},
            {"server.thrift.max.worker.threads", "500"},
            {"server.thrift.allow.user.substitution", "true"},
            {"server.thrift.enable.doAs", "true"},
            {"server.thrift.authentication", "NONE"},
            {"server.thrift.custom.authentication.class", ""},
            {"server.thrift.use.SSL", "false"},
            {"server.thrift.ssl.protocol.blacklist", "SSLv2,SSLv3"},
            {"server.thrift.sasl.qop", "auth"},
            {"server.thrift.max.message.size", "104857600"},
            {"server.thrift.login.timeout", "20s"},
            {"server.thrift.exponential.backoff.slot.length", "100ms"},
            {"server.thrift.http.request.header.size", "6144"},
            {"server.thrift.http.response.header.size", "6144"},
            {"server.thrift.http.max.idle.time", "1800s"},
            {"server.thrift.http.path", "cliservice"},
            {"server.thrift.http.compression.enabled", "true"},
            {"server.thrift.xsrf.filter.enabled", "false"},
            {"server.thrift.http.cookie.auth.enabled", "true"},
            {"server.thrift.http.cookie.max.age", "86400s"},
            {"server.thrift.http.cookie.domain", ""},
            {"server.thrift.http.cookie.path", ""},
            {"server.thrift.http.cookie.is.httponly", "true"},
            {"server.thrift.delegation.key.update-interval", "1d"},
            {"server.thrift.delegation.token.gc-interval", "1h"},
            {"server.thrift.delegation.token.max-lifetime", "7d"},
            {"server.thrift.delegation.token.renew-interval", "1d"},
            {"server.thrift.ldap.authentication.userfilter", ""}});
}

void add_drivers(table& to) {
    to.add("The driver finds out itself which Spark and Scala it runs on.",
           {{"spark.version", ""}, {"spark.scala-version", ""}});
    to.add("No jars have to be sent to Spark: the driver is a Python package (repl.dir).",
           {{"repl.jars", ""}, {"rsc.jars", ""}, {"rsc.driver-class", ""}});
    to.add("PySpark is taken from Spark's own directory.", {{"rsc.pyspark.archives", ""}});
    to.add("SparkR is taken from Spark's own directory or from repl.sparkr-lib.",
           {{"rsc.sparkr.package", ""}});
    to.add("Livy does not read it either.", {{"pyspark.archives", ""},
                                             {"sparkr.package", ""},
                                             {"server.kubernetes.allowedNamespaces", ""},
                                             {"server.kubernetes.defaultNamespace", ""}});
    to.add("No port range is needed: drivers dial a Unix socket of the server.",
           {{"rsc.launcher.address", ""},
            {"rsc.launcher.port.range", "10000~10010"},
            {"rsc.launcher.port", "-1"},
            {"rsc.rpc.server.address", ""},
            {"rsc.client.connect.timeout", "10s"}});
    to.add(
        "The driver's own protocol takes the place of Livy's RPC: a private socket and a token for each "
        "session.",
        {{"rsc.client.auth.id", ""},
         {"rsc.client.auth.secret", ""},
         {"rsc.secret.bits", "256"},
         {"rsc.rpc.sasl.mechanisms", "DIGEST-MD5"},
         {"rsc.rpc.sasl.qop", ""},
         {"rsc.rpc.max.size", "52428800"},
         {"rsc.rpc.threads", "8"},
         {"rsc.channel.log.level", ""}});
    to.add("A driver is always a process of its own.",
           {{"rsc.client.do-not-use.run-driver-in-process", "false"}});
    to.add("session.kill-grace says how long a session may take to end.",
           {{"rsc.client.shutdown-timeout", "10s"}});
    to.add("The request for a session says it.", {{"rsc.session.kind", ""}, {"rsc.proxy-user", ""}});
    to.add("Statements of a session run one after the other.",
           {{"rsc.session.interpreter.threadPool.size", "1"}});
    to.add("A cancel interrupts every 50 ms.", {{"rsc.job-cancel.trigger-interval", "100ms"}});
    to.add("The job API, which these variables belong to, is not served.",
           {{"rsc.retained.share-variables", "100"}});
    to.add("It is for Livy's own tests.", {{"rsc.test.do-not-use.<test>", "false"}});
    to.add("Livy's Java client reads it, the server does not.",
           {{"client.http.connection.timeout", "10s"},
            {"client.http.connection.idle.timeout", "10m"},
            {"client.http.connection.socket.timeout", "5m"},
            {"client.http.job.initial-poll-interval", "100ms"},
            {"client.http.job.max-poll-interval", "5s"},
            {"client.http.content.compress.enable", "true"},
            {"client.http.spnego.enable", "false"},
            {"client.http.auth.login.config", ""},
            {"client.http.krb5.debug", "false"},
            {"client.http.krb5.conf", ""}});
}

}  // namespace

const std::vector<livy_key>& livy_keys() {
    static const std::vector<livy_key> keys = [] {
        table all;
        for (const auto add : {add_server, add_security, add_recovery, add_clusters, add_thrift, add_drivers})
            add(all);
        return std::move(all.keys);
    }();
    return keys;
}

bool asks_for_something(const livy_key& key, std::string_view value) {
    return !value.empty() && lower_case(std::string(value)) != lower_case(key.default_value);
}

}  // namespace sparkgate::config
