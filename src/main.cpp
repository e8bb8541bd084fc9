// sparkgate: a REST gateway for Apache Spark sessions. Everything begins in app/.
#include "sparkgate/app/command_line.hpp"

int main(int argc, char** argv) {
    return sparkgate::app::run(argc, argv);
}
