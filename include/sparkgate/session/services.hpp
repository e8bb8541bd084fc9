// What sessions and batches need from their surroundings. Outlives all of them.
#pragma once

#include "sparkgate/base/worker_pool.hpp"
#include "sparkgate/config/settings.hpp"
#include "sparkgate/driver/endpoint.hpp"
#include "sparkgate/process/launcher.hpp"
#include "sparkgate/process/log_reader.hpp"
#include "sparkgate/process/spark_submit.hpp"
#include "sparkgate/session/budgets.hpp"
#include "sparkgate/session/expiry.hpp"
#include "sparkgate/session/launch_queue.hpp"
#include "sparkgate/store/store.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace sparkgate::session {

struct services {
    boost::asio::any_io_executor executor;
    const config::settings& settings;
    process::launcher& launcher;
    driver::endpoint& endpoint;
    store::store& store;
    worker_pool& workers;
    launch_queue& launches;  // shared by all that starts
    process::log_reader& logs;
    process::submit_settings submit;
    std::map<std::string, std::string> environment;  // of the gateway, with SPARK_HOME and PYSPARK_PYTHON
    std::filesystem::path repl_dir;                  // contains driver.py
    std::filesystem::path stop_agent;                // empty: not built
    std::function<time_point()> clock =
        std::chrono::steady_clock::now;  // that sessions and batches expire by
    std::shared_ptr<budgets> memory = std::make_shared<budgets>();
};

}  // namespace sparkgate::session
