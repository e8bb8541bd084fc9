// The table of conf keys that name files, commands and the like, and the checks of their values.
#include "process/conf_values.hpp"

#include "sparkgate/base/files.hpp"

#include <gtest/gtest.h>

namespace sparkgate::process {
namespace {

TEST(ConfKeysTest, ThePageHoldsTheTable) {
    const auto root = std::filesystem::path(SPARKGATE_TEST_DATA).parent_path().parent_path();
    const auto page = read_file(root / "docs" / "starting-spark.md").value();
    EXPECT_NE(page.find(conf_keys_markdown()), std::string::npos) << "docs/starting-spark.md should hold:\n"
                                                                  << conf_keys_markdown();
}

TEST(ConfKeysTest, FindsKeysAndPatterns) {
    const std::pair<const char*, value_sort> known[] = {
        {"spark.jars", value_sort::file_list},
        {"spark.hadoop.fs.viewfs.mounttable.c.link./a.b", value_sort::file_list},
        {"spark.scheduler.allocation.file", value_sort::file},
        {"spark.kubernetes.driver.podTemplateFile", value_sort::local_file},
        {"spark.ssl.keyStore", value_sort::local_file},
        {"spark.ssl.historyServer.trustStore", value_sort::local_file},
        {"spark.kubernetes.authenticate.caCertFile", value_sort::local_file},
        {"spark.kubernetes.authenticate.submission.oauthTokenFile", value_sort::local_file},
        {"spark.hadoop.google.cloud.auth.service.account.json.keyfile", value_sort::local_file},
        {"spark.hadoop.hadoop.security.credential.provider.path", value_sort::local_file},
        {"spark.hadoop.net.topology.script.file.name", value_sort::command},
        {"spark.driver.resource.gpu.discoveryScript", value_sort::command},
        {"spark.driver.extraClassPath", value_sort::class_path},
        {"spark.driver.defaultJavaOptions", value_sort::java_options},
        {"spark.hadoop.fs.s3a.impl", value_sort::file_system_class}};
    for (const auto& [key, sort] : known) {
        const auto* row = find_conf_key(key);
        ASSERT_TRUE(row) << key;
        EXPECT_EQ(row->sort, sort) << key;
    }
    for (const char* key :
         {"spark.jar", "spark.jars.packages", "spark.metrics.conf.driver.sink.x.class",
          "spark.kubernetes.authenticate.driver.mounted.caCertFile", "spark.ssl.keyStoreType",
          "spark.driver.memory", "spark.sql.warehouse.dir", "spark.plugins", "livy.jars"})
        EXPECT_FALSE(find_conf_key(key)) << key;
}

TEST(ConfKeysTest, ALongKeyCostsItsLength) {
    const std::string part(1 << 20, '*');
    EXPECT_FALSE(find_conf_key("spark.hadoop." + part));
    EXPECT_FALSE(find_conf_key("spark.hadoop.fs.viewfs.mounttable." + part));
}

TEST(ConfKeysTest, AKeyHasOneCanonicalName) {
    EXPECT_EQ(canonical_conf_key("spark.yarn.keytab"), "spark.kerberos.keytab");
    EXPECT_EQ(canonical_conf_key("spark.kerberos.keytab"), "spark.kerberos.keytab");
    EXPECT_EQ(canonical_conf_key("spark.yarn.executor.memoryOverhead"), "spark.executor.memoryOverhead");
    EXPECT_EQ(canonical_conf_key("spark.x"), "spark.x");
}

std::string refusal(const std::string& value, value_sort sort,
                    const file_rules& rules = {"hdfs://nn", {"/data"}, {}}) {
    const auto allowed = check_conf_value("k", value, sort, rules);
    return allowed ? "" : allowed.error().message;
}

TEST(ConfValuesTest, FilesOfThisHost) {
    for (const char* value :
         {"/data/x", " /data/x ", "/data/my key", "metrics.properties", "./conf/x", "file:///data/x",
          "/data/a,/data/b", "hdfs://nn/x", "jceks://hdfs@nn/x.jceks", ""})
        EXPECT_EQ(refusal(value, value_sort::local_file), "") << value;
    for (const char* value :
         {"/etc/x", " /etc/x", "/data/../etc/x", "../x", "a/../../x", "file:/etc/x", "LOCAL:/etc/x",
          "/data/a,/etc/b", "jceks://file/etc/x", "localjceks://file/etc/x", "har:///etc/x.har",
          "har://file-h/etc/x.har", "${spark.x}"})
        EXPECT_NE(refusal(value, value_sort::local_file), "") << value;
    EXPECT_EQ(refusal("/etc/x", value_sort::local_file),
              "requirement failed: conf k: local path /etc/x cannot be used by requests");
    // Without a scheme Hadoop reads it where the file system says.
    EXPECT_EQ(refusal("/etc/x", value_sort::file), "");
    EXPECT_NE(refusal("/etc/x", value_sort::file, {"file:///", {"/data"}, {}}), "");
}

TEST(ConfValuesTest, CommandsAndClassPaths) {
    for (const char* value : {"python3", "./env/bin/python", "/data/bin/python"})
        EXPECT_EQ(refusal(value, value_sort::command), "") << value;
    for (const char* value : {"/bin/sh", "../bin/sh", "/data/../bin/sh"})
        EXPECT_NE(refusal(value, value_sort::command), "") << value;
    for (const char* value : {"a.jar", "/data/lib/*", "/data/a:b:/data/c", "builtin", "maven"})
        EXPECT_EQ(refusal(value, value_sort::class_path), "") << value;
    for (const char* value : {"/opt/lib/*", "/data/a:/etc", "a:../b", ": /etc"})
        EXPECT_NE(refusal(value, value_sort::class_path), "") << value;
}

TEST(ConfValuesTest, ClassesThatReadLocalFiles) {
    EXPECT_EQ(refusal("org.apache.hadoop.fs.s3a.S3AFileSystem", value_sort::file_system_class), "");
    for (const char* value :
         {"org.apache.hadoop.fs.LocalFileSystem", "org.apache.hadoop.fs.RawLocalFileSystem",
          "org.apache.hadoop.fs.local.LocalFs", "org.apache.hadoop.fs.viewfs.ViewFileSystem",
          "org.apache.hadoop.hive.shims.ProxyLocalFileSystem"})
        EXPECT_NE(refusal(value, value_sort::file_system_class), "") << value;
}

TEST(ConfValuesTest, OptionsOfAJvmThatAreCommon) {
    for (const char* value :
         {"", "-Xss4m -XX:+UseG1GC -XX:MaxGCPauseMillis=200", "-Dfile.encoding=UTF-8 -Duser.timezone=UTC",
          "-Dx='a b' -Dy=\"c d\"", "-Dlog4j.configuration=log4j.properties",
          "-Dlog4j.configuration=file:log4j.properties",
          "-Dlog4j.configuration=file:///data/log4j.properties", "-Dconfig.file=./app.conf",
          "-Djava.io.tmpdir=/tmp", "-Dderby.system.home=/tmp/derby",
          "--add-opens=java.base/java.lang=ALL-UNNAMED", "--add-opens java.base/java.nio=ALL-UNNAMED -Da=b",
          "-verbose:gc -XX:+PrintGCDetails -Xlog:gc*:file=gc.log",
          "-Dproxy=http://h:3128/x -Dhttps.proxyHost=h", "-Durl=jdbc:postgresql://h/d",
          "-XX:+ExitOnOutOfMemoryError", "-Djava.security.auth.login.config=jaas.conf", "-ea"})
        EXPECT_EQ(refusal(value, value_sort::java_options), "") << value;
}

TEST(ConfValuesTest, OptionsOfAJvmThatLoadRunOrRead) {
    for (const char* value : {"-javaagent:/data/a.jar",
                              "-javaagent:a.jar",
                              "-agentpath:/data/x.so",
                              "-agentlib:jdwp=transport=dt_socket",
                              "-Xrunjdwp:server=y",
                              "@args",
                              "-Da=b @args",
                              "-XX:OnError=id",
                              "-XX:OnOutOfMemoryError='kill -9 %p'",
                              "-XX:Flags=x",
                              "-XX:VMOptionsFile=x",
                              "-XX:ErrorFile=/etc/x",
                              "-XX:HeapDumpPath=/root",
                              "-Xloggc:/etc/x",
                              "-Xlog:gc*:file=/etc/x",
                              "-Xlog:gc:/etc/x",
                              "-Xbootclasspath/a:x.jar",
                              "-cp x.jar",
                              "-classpath x",
                              "--class-path=x",
                              "-jar x.jar",
                              "--module-path x",
                              "--patch-module java.base=x",
                              "evil.Main",
                              "-Da=b evil.Main",
                              "-Dlog4j.configuration=file:/etc/x",
                              "-Dlog4j2.configurationFile=/etc/x",
                              "-Dx=../../etc/x",
                              "-Djava.library.path=lib:/etc",
                              "-Dx=jar:file:/etc/x!/y",
                              "-Dx=file:///data/%2e%2e/etc/x",
                              "-Dx=file://h/etc/x",
                              "-Dspark.driver.bindAddress=0.0.0.0",
                              "'-Dspark.x=y'",
                              "-\"D\"spark.x=y",
                              "\\-Dspark.x=y",
                              "-Dcom.sun.management.jmxremote.port=1",
                              "-Da=b\x1c-javaagent:x",
                              "-Da=b\u2003-javaagent:x",
                              "-Dx='a",
                              "-Dx=a\\",
                              "-Dx=${spark.y}",
                              "--add-opens @x",
                              "--add-modules -javaagent:x"})
        EXPECT_NE(refusal(value, value_sort::java_options), "") << value;
    EXPECT_EQ(refusal("-Xmx1g -XX:OnError=secret", value_sort::java_options),
              "requirement failed: conf k: -XX:OnError is not allowed");
    EXPECT_EQ(refusal("-Dpassword= secret", value_sort::java_options),
              "requirement failed: conf k: there is a word that is no option");
    EXPECT_EQ(refusal("-javaagent:secret", value_sort::java_options),
              "requirement failed: conf k: -javaagent is not allowed");
}

}  // namespace
}  // namespace sparkgate::process
