#include "sparkgate/app/command_line.hpp"

#include "serve.hpp"

#include "sparkgate/config/load.hpp"
#include "sparkgate/config/markdown.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace sparkgate::app {
namespace {

constexpr const char* exit_codes =
    "Exit codes: 0 success, 1 internal failure, 2 wrong usage, 3 unknown configuration key, 4 wrong value,\n"
    "5 configuration file unreadable, 6 cannot listen, 7 no Spark found, 8 state directory unusable.";

int report(exit_code code, const std::string& message) {
    std::cerr << "sparkgate: " << message << "\n";
    return code;
}

exit_code code_of(config::problem what) {
    switch (what) {
        case config::problem::bad_key:
            return bad_key;
        case config::problem::bad_value:
            return bad_value;
        case config::problem::unreadable:
            return config_unreadable;
    }
    return internal_failure;
}

int print_configuration(const config::loaded& from) {
    for (const auto* remarks : {&from.warnings, &from.notes})
        for (const auto& remark : *remarks)
            std::cerr << "sparkgate: " << remark << "\n";
    for (const auto& each : from.effective) {
        std::cout << each.key << " = " << each.value;
        if (each.origin != "default")
            std::cout << "    # " << each.origin
                      << ", default: " << (each.default_value.empty() ? "(empty)" : each.default_value);
        else
            std::cout << "    # default";
        std::cout << "\n";
    }
    return std::cout.flush() ? success : internal_failure;
}

struct arguments {
    std::string config_file, port_file;
    std::vector<std::string> assignments;
    bool as_markdown = false;

    std::optional<std::filesystem::path> file() const {
        if (!config_file.empty()) return config_file;
        if (const char* named = std::getenv("SPARKGATE_CONF"); named && *named) return named;
        return {};
    }
};

void add_configuration_options(CLI::App& command, arguments& into) {
    command
        .add_option("--config", into.config_file,
                    "Configuration file in livy.conf's format (default: SPARKGATE_CONF)")
        ->type_name("FILE");
    command.add_option("--set", into.assignments, "Override one key; may be repeated")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
}

}  // namespace

int run(int argc, char** argv, mode_t umask_of_children) {
    CLI::App cli("sparkgate: a REST gateway for Apache Spark sessions that speaks Livy's API", "sparkgate");
    cli.set_version_flag("--version", "sparkgate " SPARKGATE_VERSION);
    cli.footer(exit_codes);
    cli.require_subcommand(0,
                           1);  // none is found below: CLI11 would say so instead of naming a wrong argument
    arguments given;
    auto* serve = cli.add_subcommand("serve", "Run the server in the foreground");
    serve->footer(exit_codes);
    add_configuration_options(*serve, given);
    serve->add_option("--port-file", given.port_file, "Write the port to this file once the server accepts")
        ->type_name("FILE");
    auto* show =
        cli.add_subcommand("config", "Print each effective configuration value, its default and origin");
    add_configuration_options(*show, given);
    show->add_flag("--markdown", given.as_markdown,
                   "Print the tables of all keys for the documentation instead");

    try {
        cli.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return cli.exit(e) == 0 ? success : bad_usage;
    }
    if (cli.get_subcommands().empty()) {
        std::cerr << "sparkgate: a command is missing: serve or config (see --help)\n";
        return bad_usage;
    }
    if (*show && given.as_markdown) {
        std::cout << config::markdown_tables();
        return success;
    }
    const auto loaded = config::load(given.file(), given.assignments);
    if (!loaded) return report(code_of(loaded.error().what), loaded.error().message);
    if (*show) return print_configuration(*loaded);
    try {
        auto reload = [&given] { return config::load(given.file(), given.assignments); };
        const auto failed = serve_until_stopped(*loaded, given.port_file, umask_of_children, reload);
        return failed ? report(failed->code, failed->message) : success;
    } catch (const std::exception& e) {
        return report(internal_failure, std::string("internal failure: ") + e.what());
    }
}

}  // namespace sparkgate::app
