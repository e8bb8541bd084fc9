// What the HTTP server is told: its limits, its headers, what it says of itself, and where it logs.
#pragma once

#include "sparkgate/base/worker_pool.hpp"
#include "sparkgate/config/settings.hpp"
#include "sparkgate/http/server.hpp"
#include "sparkgate/obs/access_log.hpp"

#include <optional>

namespace sparkgate::app {

// The references must outlive the server; `access` is empty where requests are not logged.
http::server_options http_options(const config::settings& s, http::page_rules pages, http::tls_context tls,
                                  std::optional<obs::access_log>& access, worker_pool& workers);

}  // namespace sparkgate::app
