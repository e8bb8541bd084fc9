#include "sparkgate/process/spark_home.hpp"

#include "fixture.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <map>
#include <sys/stat.h>

namespace sparkgate::process {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

class SparkHomeTest : public testing::Test {
protected:
    SparkHomeTest() {
        set("SPARK_HOME", nullptr);
        set("PYSPARK_PYTHON", nullptr);
        set("PYTHONPATH", nullptr);
    }
    ~SparkHomeTest() override {
        for (const auto& [name, value] : saved) {
            if (value)
                ::setenv(name.c_str(), value->c_str(), 1);
            else
                ::unsetenv(name.c_str());
        }
    }

    void set(const char* name, const char* value) {
        const char* old = std::getenv(name);
        saved.try_emplace(name, old ? std::optional<std::string>(old) : std::nullopt);
        if (value)
            ::setenv(name, value, 1);
        else
            ::unsetenv(name);
    }
    void executable(const fs::path& path) {
        fs::create_directories(path.parent_path());
        ASSERT_TRUE(write_file_atomically(path, "#!/bin/sh\n"));
        ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
    }
    fs::path make_home(const std::string& name) {
        executable(dir.path() / name / "bin" / "spark-submit");
        return dir.path() / name;
    }

    temporary_directory dir;
    std::map<std::string, std::optional<std::string>> saved;
};

TEST_F(SparkHomeTest, TheConfiguredHomeComesFirst) {
    set("SPARK_HOME", make_home("other").c_str());
    const fs::path home = make_home("spark");
    const auto found = find_spark(home.string() + "/");
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->home, home);
    EXPECT_EQ(found->origin, "server.spark-home");
    EXPECT_EQ(found->python, "python3");
}

TEST_F(SparkHomeTest, ThenTheEnvironment) {
    const fs::path home = make_home("spark");
    set("SPARK_HOME", home.c_str());
    const auto found = find_spark("");
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->home, home);
    EXPECT_EQ(found->origin, "SPARK_HOME");
}

TEST_F(SparkHomeTest, ThenThePysparkPackageWithoutImportingIt) {
    const fs::path home = make_home("packages/pyspark");
    ASSERT_TRUE(write_file_atomically(home / "__init__.py", "raise SystemExit('imported')\n"));
    set("PYTHONPATH", (dir.path() / "packages").c_str());
    const auto found = find_spark("");
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->home, home);
    EXPECT_EQ(found->origin, "the pyspark package of python3");
}

TEST_F(SparkHomeTest, AWrongHomeIsAnErrorAndNotSkipped) {
    set("SPARK_HOME", make_home("spark").c_str());
    const auto found = find_spark("/nowhere");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, errc::not_found);
    EXPECT_EQ(found.error().message,
              "server.spark-home is /nowhere, but /nowhere/bin/spark-submit is not there or not executable");
    set("SPARK_HOME", "/nowhere");
    EXPECT_THAT(find_spark("").error().message, StartsWith("SPARK_HOME is /nowhere, but "));
}

TEST_F(SparkHomeTest, WithoutAnySparkItSaysWhatToDo) {
    executable(dir.path() / "bin" / "python3");  // knows no package
    set("PATH", (dir.path() / "bin").c_str());
    const auto found = find_spark("");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, errc::not_found);
    EXPECT_THAT(found.error().message, HasSubstr("set server.spark-home or SPARK_HOME"));
}

TEST_F(SparkHomeTest, ThePythonIsThatOfTheVirtualEnvironment) {
    const fs::path home = make_home("venv/lib/python3.11/site-packages/pyspark");
    EXPECT_EQ(find_spark(home.string()).value().python, "python3");  // the environment has no python
    executable(dir.path() / "venv" / "bin" / "python3");
    EXPECT_EQ(find_spark(home.string()).value().python, (dir.path() / "venv" / "bin" / "python3").string());
    set("PYSPARK_PYTHON", "/own/python");
    EXPECT_EQ(find_spark(home.string()).value().python, "/own/python");
}

}  // namespace
}  // namespace sparkgate::process
