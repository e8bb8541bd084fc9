// fs.defaultFS in core-site.xml.
#include "sparkgate/process/hadoop_conf.hpp"

#include "support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace sparkgate::process {
namespace {

class HadoopConfTest : public testing::Test {
protected:
    result<std::string> read(const std::string& text) {
        std::ofstream(dir.path() / "core-site.xml") << text;
        return default_file_system(dir.path());
    }
    static std::string property(const std::string& name, const std::string& value) {
        return "<property>\n  <name>" + name + "</name>\n  <value>" + value + "</value></property>";
    }

    test::temp_dir dir;
};

TEST_F(HadoopConfTest, WithoutAFileItIsTheLocalOne) {
    EXPECT_EQ(default_file_system(dir.path()).value(), "file:///");
    EXPECT_EQ(default_file_system(dir.path() / "missing").value(), "file:///");
}

TEST_F(HadoopConfTest, ReadsTheProperty) {
    EXPECT_EQ(read("<?xml version=\"1.0\"?>\n<?xml-stylesheet type=\"text/xsl\" href=\"c.xsl\"?>\n<!-- "
                   "<property> -->"
                   "<configuration>" +
                   property("hadoop.tmp.dir", "/tmp") + "<!-- x -->" +
                   property("fs.defaultFS", " hdfs://nn:8020\n ") + "</configuration>\n")
                  .value(),
              "hdfs://nn:8020");
    EXPECT_EQ(
        read("<configuration>" + property("fs.default.name", "hdfs://old") + "</configuration>").value(),
        "hdfs://old");
    EXPECT_EQ(
        read("<configuration>" + property("fs.default.name", "hdfs://old") +
             property("fs.defaultFS", "hdfs://a") + property("fs.defaultFS", "hdfs://b") + "</configuration>")
            .value(),
        "hdfs://b");
    EXPECT_EQ(read("<configuration/>").value(), "file:///");
}

TEST_F(HadoopConfTest, ABrokenFileIsAnErrorThatNamesIt) {
    const auto broken = read("<configuration>\n<property>");
    ASSERT_FALSE(broken);
    EXPECT_THAT(broken.error().message, testing::HasSubstr((dir.path() / "core-site.xml").string() + ":"));
}

}  // namespace
}  // namespace sparkgate::process
