#include "sparkgate/process/spark_home.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <unistd.h>

namespace sparkgate::process {
namespace fs = std::filesystem;

namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

bool is_executable(const fs::path& path) {
    std::error_code ec;
    return fs::is_regular_file(path, ec) && ::access(path.c_str(), X_OK) == 0;
}

// The directory of the pyspark package, found without importing it; empty if there is none. The current
// directory does not count: a directory "pyspark" there is not the package.
std::string pyspark_package() {
    constexpr const char* command =
        "python3 -c 'import sys; sys.path = [p for p in sys.path if p]\n"
        "from importlib.util import find_spec\n"
        "spec = find_spec(\"pyspark\")\n"
        "print(list(spec.submodule_search_locations)[0])' 2>/dev/null";
    const std::unique_ptr<FILE, int (*)(FILE*)> output(::popen(command, "re"), ::pclose);
    if (!output) return {};
    std::string line;
    for (int c; (c = std::fgetc(output.get())) != EOF && c != '\n';)
        line += static_cast<char>(c);
    return line;
}

// The python whose packages `home` belongs to: <prefix>/lib/pythonX.Y/site-packages/pyspark.
std::string python_of(const fs::path& home) {
    if (const std::string given = environment("PYSPARK_PYTHON"); !given.empty()) return given;
    const fs::path packages = home.parent_path();
    if (packages.filename() == "site-packages" || packages.filename() == "dist-packages") {
        const fs::path python = packages.parent_path().parent_path().parent_path() / "bin" / "python3";
        if (is_executable(python)) return python.string();
    }
    return "python3";
}

result<spark_installation> check(const std::string& home, const std::string& origin) {
    // Without a last slash, so that the parents are those that one sees.
    fs::path path = fs::absolute(home).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();
    const fs::path submit = path / "bin" / "spark-submit";
    if (!is_executable(submit))
        return fail(errc::not_found,
                    origin + " is " + home + ", but " + submit.string() + " is not there or not executable");
    return spark_installation{path, python_of(path), origin};
}

}  // namespace

result<spark_installation> find_spark(const std::string& configured) {
    if (!configured.empty()) return check(configured, "server.spark-home");
    if (const std::string home = environment("SPARK_HOME"); !home.empty()) return check(home, "SPARK_HOME");
    if (const std::string home = pyspark_package(); !home.empty())
        return check(home, "the pyspark package of python3");
    return fail(errc::not_found,
                "no Spark found: set server.spark-home or SPARK_HOME, or run 'pip install pyspark'");
}

}  // namespace sparkgate::process
