// The plain main of a fuzz target: runs it over files, once each. A finding ends the process; the last name
// printed is the file's.
//
//     fuzz_TARGET FILE-OR-DIRECTORY...
#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const std::vector<fs::path>& arguments) {
    std::vector<fs::path> out;
    for (const auto& each : arguments) {
        if (!fs::is_directory(each)) {
            out.push_back(each);
            continue;
        }
        for (const auto& file : fs::recursive_directory_iterator(each))
            if (file.is_regular_file()) out.push_back(file.path());
    }
    std::sort(out.begin(), out.end());
    return out;
}

void run(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + file.string());
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    std::cout << file.string() << std::endl;  // before: the input may end the process
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const auto files = files_of({argv + 1, argv + argc});
        for (const auto& file : files)
            run(file);
        std::cout << files.size() << " inputs" << std::endl;
        return files.empty() ? 1 : 0;  // a corpus that is not found is no success
    } catch (const std::exception& e) {
        std::cerr << e.what() << std::endl;
        return 1;
    }
}
