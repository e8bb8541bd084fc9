// sparkgate: a REST gateway for Apache Spark sessions. Everything begins in app/.
#include "sparkgate/app/command_line.hpp"

#include <sys/stat.h>

int main(int argc, char** argv) {
    const auto umask_of_children = ::umask(077);  // before anything can create a file
    return sparkgate::app::run(argc, argv, umask_of_children);
}
