// What Spark's conf keys are to this host: which of them name files, commands, class paths and options of a
// JVM, and which names mean the same key. One table, from the sources and documentation of Spark 3.5 and 4.1;
// docs/starting-spark.md is made from it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace sparkgate::process {

enum class value_sort {
    file_list,          // files as URIs, which are resolved and written into the conf so
    file,               // one file or more, that Hadoop opens: without a scheme it is of fs.defaultFS
    local_file,         // one or more of this host, whatever fs.defaultFS says
    command,            // a program, looked for in PATH where it has no slash
    class_path,         // directories and jars between colons
    java_options,       // of a JVM's command line
    file_system_class,  // the class that reads a scheme
};

// Who reads it: this host in any case, or a host of the cluster, which is this one with a local master only.
enum class value_reader { here, cluster };

struct conf_key {
    std::string_view pattern;  // "*" stands for text without a dot, "**" for any text
    value_sort sort;
    value_reader reader = value_reader::here;
    std::string_view versions = "3.5, 4.1";
};

// The row of a key; nullptr for those whose values are only values.
const conf_key* find_conf_key(std::string_view key);

// The name under which Spark reads a key that has several: spark.yarn.keytab is spark.kerberos.keytab.
std::string_view canonical_conf_key(std::string_view key);

// The table of docs/starting-spark.md.
std::string conf_keys_markdown();

}  // namespace sparkgate::process
