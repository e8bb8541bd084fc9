#include "sparkgate/process/conf_keys.hpp"

#include <algorithm>

namespace sparkgate::process {
namespace {

using enum value_sort;
constexpr auto cluster = value_reader::cluster;
constexpr auto here = value_reader::here;

// The first row that fits counts.
constexpr conf_key table[] = {
    {"spark.jars", file_list},
    {"spark.files", file_list},
    {"spark.archives", file_list},
    {"spark.submit.pyFiles", file_list},
    {"spark.jars.repositories", file_list},
    {"spark.yarn.archive", file_list},
    {"spark.yarn.dist.archives", file_list},
    {"spark.yarn.dist.files", file_list},
    {"spark.yarn.dist.jars", file_list},
    {"spark.yarn.dist.pyFiles", file_list},
    {"spark.yarn.jar", file_list, here, "1.6"},
    {"spark.yarn.jars", file_list},
    {"spark.mesos.uris", file_list, here, "3.5"},
    {"spark.sql.hive.metastore.jars.path", file_list},
    {"spark.hadoop.fs.defaultFS", file_list},
    {"spark.hadoop.fs.default.name", file_list},
    {"spark.hadoop.fs.viewfs.mounttable.**.link**", file_list},

    {"spark.scheduler.allocation.file", file},

    {"spark.kerberos.keytab", local_file},
    {"spark.yarn.keytab", local_file},
    {"spark.jars.ivy", local_file},
    {"spark.jars.ivySettings", local_file},
    {"spark.repl.local.jars", local_file},
    {"spark.repl.classdir", local_file},
    {"spark.repl.class.outputDir", local_file},
    {"spark.metrics.conf", local_file},
    {"spark.authenticate.secret.file", local_file},
    {"spark.authenticate.secret.driver.file", local_file},
    {"spark.authenticate.secret.executor.file", local_file, cluster},
    {"spark.ssl.keyStore", local_file},
    {"spark.ssl.*.keyStore", local_file},
    {"spark.ssl.trustStore", local_file},
    {"spark.ssl.*.trustStore", local_file},
    {"spark.ssl.privateKey", local_file, here, "4.1"},
    {"spark.ssl.*.privateKey", local_file, here, "4.1"},
    {"spark.ssl.certChain", local_file, here, "4.1"},
    {"spark.ssl.*.certChain", local_file, here, "4.1"},
    {"spark.driver.resourcesFile", local_file},
    {"spark.worker.resourcesFile", local_file, cluster},
    {"spark.storage.replication.topologyFile", local_file},
    {"spark.home", local_file, cluster},
    {"spark.kubernetes.*.podTemplateFile", local_file},
    {"spark.kubernetes.kerberos.krb5.path", local_file},
    {"spark.kubernetes.authenticate.*File", local_file},
    {"spark.kubernetes.authenticate.*.*File", local_file},
    {"spark.mesos.principal.file", local_file, here, "3.5"},
    {"spark.mesos.secret.file", local_file, here, "3.5"},
    {"spark.hadoop.**credential.provider.path", local_file},
    {"spark.hadoop.**keyfile", local_file},
    {"spark.hadoop.**keytab", local_file},
    {"spark.hadoop.**keytab.file", local_file},
    {"spark.hadoop.**password.file", local_file},
    {"spark.hadoop.**store.location", local_file},
    {"spark.hadoop.**store.path", local_file},
    {"spark.hive.**keytab.file", local_file},
    {"spark.hive.**store.path", local_file},

    {"spark.pyspark.python", command},
    {"spark.pyspark.driver.python", command},
    {"spark.sql.execution.pyspark.python", command, cluster},
    {"spark.r.command", command, cluster},
    {"spark.r.driver.command", command},
    {"spark.r.shell.command", command},
    {"spark.sparkr.r.command", command, cluster},
    {"spark.driver.resource.*.discoveryScript", command},
    {"spark.executor.resource.*.discoveryScript", command, cluster},
    {"spark.worker.resource.*.discoveryScript", command, cluster},
    {"spark.hadoop.**script**", command},

    {"spark.driver.extraClassPath", class_path},
    {"spark.driver.defaultExtraClassPath", class_path, here, "4.1"},
    {"spark.driver.extraLibraryPath", class_path},
    {"spark.driver.libraryPath", class_path},
    {"spark.executor.extraClassPath", class_path, cluster},
    {"spark.executor.defaultExtraClassPath", class_path, cluster, "4.1"},
    {"spark.executor.extraLibraryPath", class_path, cluster},
    {"spark.yarn.am.extraLibraryPath", class_path, cluster},
    {"spark.sql.hive.metastore.jars", class_path},

    {"spark.driver.extraJavaOptions", java_options},
    {"spark.driver.defaultJavaOptions", java_options},
    {"spark.executor.extraJavaOptions", java_options, cluster},
    {"spark.executor.defaultJavaOptions", java_options, cluster},
    {"spark.yarn.am.extraJavaOptions", java_options, cluster},

    {"spark.hadoop.fs.*.impl", file_system_class},
    {"spark.hadoop.fs.AbstractFileSystem.*.impl", file_system_class},
};

// Older names that Spark still reads: the alternatives of its entries and of SparkConf.
struct other_name {
    std::string_view name, canonical;
};
constexpr other_name other_names[] = {
    {"spark.blacklist.application.fetchFailure.enabled",
     "spark.excludeOnFailure.application.fetchFailure.enabled"},
    {"spark.blacklist.application.maxFailedExecutorsPerNode",
     "spark.excludeOnFailure.application.maxFailedExecutorsPerNode"},
    {"spark.blacklist.application.maxFailedTasksPerExecutor",
     "spark.excludeOnFailure.application.maxFailedTasksPerExecutor"},
    {"spark.blacklist.enabled", "spark.excludeOnFailure.enabled"},
    {"spark.blacklist.killBlacklistedExecutors", "spark.excludeOnFailure.killExcludedExecutors"},
    {"spark.blacklist.stage.maxFailedExecutorsPerNode",
     "spark.excludeOnFailure.stage.maxFailedExecutorsPerNode"},
    {"spark.blacklist.stage.maxFailedTasksPerExecutor",
     "spark.excludeOnFailure.stage.maxFailedTasksPerExecutor"},
    {"spark.blacklist.task.maxTaskAttemptsPerExecutor",
     "spark.excludeOnFailure.task.maxTaskAttemptsPerExecutor"},
    {"spark.blacklist.task.maxTaskAttemptsPerNode", "spark.excludeOnFailure.task.maxTaskAttemptsPerNode"},
    {"spark.blacklist.timeout", "spark.excludeOnFailure.timeout"},
    {"spark.databricks.sql.optimizer.pruneFiltersCanPruneStreamingSubplan",
     "spark.sql.optimizer.pruneFiltersCanPruneStreamingSubplan"},
    {"spark.deploy.spreadOut", "spark.deploy.spreadOutApps"},
    {"spark.executor.logs.rolling.size.maxBytes", "spark.executor.logs.rolling.maxSize"},
    {"spark.files.userClassPathFirst", "spark.executor.userClassPathFirst"},
    {"spark.hadoop.fs.default.name", "spark.hadoop.fs.defaultFS"},
    {"spark.history.fs.cleaner.interval.seconds", "spark.history.fs.cleaner.interval"},
    {"spark.history.fs.cleaner.maxAge.seconds", "spark.history.fs.cleaner.maxAge"},
    {"spark.history.fs.update.interval.seconds", "spark.history.fs.update.interval"},
    {"spark.history.fs.updateInterval", "spark.history.fs.update.interval"},
    {"spark.history.updateInterval", "spark.history.fs.update.interval"},
    {"spark.io.compression.lz4.block.size", "spark.io.compression.lz4.blockSize"},
    {"spark.io.compression.snappy.block.size", "spark.io.compression.snappy.blockSize"},
    {"spark.kryoserializer.buffer.max.mb", "spark.kryoserializer.buffer.max"},
    {"spark.kryoserializer.buffer.mb", "spark.kryoserializer.buffer"},
    {"spark.maxRemoteBlockSizeFetchToMem", "spark.network.maxRemoteBlockSizeFetchToMem"},
    {"spark.reducer.maxMbInFlight", "spark.reducer.maxSizeInFlight"},
    {"spark.reducer.maxReqSizeShuffleToMem", "spark.network.maxRemoteBlockSizeFetchToMem"},
    {"spark.scheduler.blacklist.unschedulableTaskSetTimeout",
     "spark.scheduler.excludeOnFailure.unschedulableTaskSetTimeout"},
    {"spark.scheduler.executorTaskBlacklistTime", "spark.scheduler.executorTaskExcludeOnFailureTime"},
    {"spark.scheduler.listenerbus.eventqueue.size", "spark.scheduler.listenerbus.eventqueue.capacity"},
    {"spark.shuffle.file.buffer.kb", "spark.shuffle.file.buffer"},
    {"spark.sql.execution.arrow.transformWithStateInPandas.maxRecordsPerBatch",
     "spark.sql.execution.arrow.transformWithStateInPySpark.maxStateRecordsPerBatch"},
    {"spark.sql.kafkaConsumerCache.capacity", "spark.kafka.consumer.cache.capacity"},
    {"spark.sql.legacy.avro.datetimeRebaseModeInRead", "spark.sql.avro.datetimeRebaseModeInRead"},
    {"spark.sql.legacy.avro.datetimeRebaseModeInWrite", "spark.sql.avro.datetimeRebaseModeInWrite"},
    {"spark.sql.legacy.parquet.datetimeRebaseModeInRead", "spark.sql.parquet.datetimeRebaseModeInRead"},
    {"spark.sql.legacy.parquet.datetimeRebaseModeInWrite", "spark.sql.parquet.datetimeRebaseModeInWrite"},
    {"spark.sql.legacy.parquet.int96RebaseModeInRead", "spark.sql.parquet.int96RebaseModeInRead"},
    {"spark.sql.legacy.parquet.int96RebaseModeInWrite", "spark.sql.parquet.int96RebaseModeInWrite"},
    {"spark.storage.blockManagerSlaveTimeoutMs", "spark.storage.blockManagerHeartbeatTimeoutMs"},
    {"spark.streaming.minRememberDuration", "spark.streaming.fileStream.minRememberDuration"},
    {"spark.unsafe.offHeap", "spark.memory.offHeap.enabled"},
    {"spark.yarn.access.hadoopFileSystems", "spark.kerberos.access.hadoopFileSystems"},
    {"spark.yarn.access.namenodes", "spark.kerberos.access.hadoopFileSystems"},
    {"spark.yarn.applicationMaster.waitTries", "spark.yarn.am.waitTime"},
    {"spark.yarn.blacklist.executor.launch.blacklisting.enabled",
     "spark.yarn.executor.launch.excludeOnFailure.enabled"},
    {"spark.yarn.driver.memoryOverhead", "spark.driver.memoryOverhead"},
    {"spark.yarn.executor.failuresValidityInterval", "spark.executor.failuresValidityInterval"},
    {"spark.yarn.executor.memoryOverhead", "spark.executor.memoryOverhead"},
    {"spark.yarn.jar", "spark.yarn.jars"},
    {"spark.yarn.kerberos.relogin.period", "spark.kerberos.relogin.period"},
    {"spark.yarn.keytab", "spark.kerberos.keytab"},
    {"spark.yarn.max.executor.failures", "spark.executor.maxNumFailures"},
    {"spark.yarn.max.worker.failures", "spark.executor.maxNumFailures"},
    {"spark.yarn.principal", "spark.kerberos.principal"},
};

bool fits(std::string_view pattern, std::string_view key) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return key == pattern;
    if (key.substr(0, star) != pattern.substr(0, star)) return false;
    key.remove_prefix(star);
    const bool any = pattern.substr(star).starts_with("**");
    pattern.remove_prefix(star + (any ? 2 : 1));
    for (;;) {
        if (fits(pattern, key)) return true;
        if (key.empty() || (!any && key.front() == '.')) return false;
        key.remove_prefix(1);
    }
}

std::string_view describe(value_sort sort) {
    switch (sort) {
        case file_list:
            return "list of files";
        case file:
            return "file";
        case local_file:
            return "file of this host";
        case command:
            return "command";
        case class_path:
            return "class path";
        case java_options:
            return "options of a JVM";
        case file_system_class:
            return "class of a file system";
    }
    return {};
}

}  // namespace

const conf_key* find_conf_key(std::string_view key) {
    const auto found = std::find_if(std::begin(table), std::end(table),
                                    [key](const conf_key& each) { return fits(each.pattern, key); });
    return found == std::end(table) ? nullptr : found;
}

std::string_view canonical_conf_key(std::string_view key) {
    const auto found = std::find_if(std::begin(other_names), std::end(other_names),
                                    [key](const other_name& each) { return each.name == key; });
    return found == std::end(other_names) ? key : found->canonical;
}

std::string conf_keys_markdown() {
    std::string out = "| key | its value is | read by | Spark |\n|---|---|---|---|\n";
    for (const auto& each : table)
        ((((out += "| `") += each.pattern) += "` | ") += describe(each.sort))
            .append(each.reader == here ? " | this host | " : " | the executors' hosts | ")
            .append(each.versions)
            .append(" |\n");
    return out;
}

}  // namespace sparkgate::process
