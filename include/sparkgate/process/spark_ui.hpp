// Asks the web UI of a driver on this host which application it serves: Spark's log does not tell with a
// local master. Source: Spark's monitoring REST API (/api/v1).
#pragma once

#include "sparkgate/base/async.hpp"
#include "sparkgate/base/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <vector>

namespace sparkgate::process {

struct ui_application {
    std::string app_id;
    std::string url;  // of the UI, under the name by which the driver is known
};

// Reads at most 1 MiB and waits at most 5 s for each of two answers: the port was read in a program's output.
// Errors: unavailable (nobody answers, or something else than Spark's UI).
awaitable<result<ui_application>> ask_spark_ui(asio::any_io_executor executor, asio::ip::tcp::endpoint at);

// Where drivers on this host may have their UI: at the addresses that somebody has named, on loopback, and
// at those of this host, which Spark's own spark-env.sh may name. Never an address out of a program's output.
std::vector<asio::ip::address> ui_addresses(const std::vector<std::string>& named);

}  // namespace sparkgate::process
