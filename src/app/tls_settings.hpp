// TLS as the configuration wants it.
#pragma once

#include "sparkgate/config/settings.hpp"
#include "sparkgate/http/tls.hpp"

namespace sparkgate::app {

// Without a context where the configuration has no certificate. Blocking. Errors (one line): invalid_argument
// where keys contradict each other, else a file is at fault.
result<http::loaded_tls> load_tls(const config::settings& settings);

// Logs whose certificate it is, and what is remarkable about the files.
void report(const http::loaded_tls& loaded);

}  // namespace sparkgate::app
