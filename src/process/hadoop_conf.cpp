#include "sparkgate/process/hadoop_conf.hpp"

#include "sparkgate/base/files.hpp"

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>

#include <sstream>

namespace sparkgate::process {
namespace pt = boost::property_tree;

namespace {

// The last property of that name counts, as in Hadoop.
std::string property(const pt::ptree& configuration, const std::string& name) {
    std::string value;
    for (const auto& [tag, node] : configuration)
        if (tag == "property" && node.get("name", "") == name) value = node.get("value", "");
    return value;
}

}  // namespace

result<std::string> default_file_system(const std::filesystem::path& directory) {
    const std::string none = "file:///";
    const auto path = directory / "core-site.xml";
    const auto text = read_file(path);
    if (!text && text.error().code == errc::not_found) return none;
    if (!text) return text.error();
    try {
        std::istringstream in(*text);
        pt::ptree tree;
        pt::read_xml(in, tree, pt::xml_parser::trim_whitespace);
        const pt::ptree empty;
        const auto& configuration = tree.get_child("configuration", empty);
        for (const char* name : {"fs.defaultFS", "fs.default.name"})
            if (auto value = property(configuration, name); !value.empty()) return value;
        return none;
    } catch (const pt::xml_parser_error& e) {
        return fail(errc::invalid_argument,
                    path.string() + ":" + std::to_string(e.line()) + ": " + e.message());
    }
}

}  // namespace sparkgate::process
