// Which web pages the configuration lets use the server.
#pragma once

#include "sparkgate/base/error.hpp"
#include "sparkgate/config/settings.hpp"
#include "sparkgate/http/page_rules.hpp"

namespace sparkgate::app {

// By which names, and from which pages, the server is used. Reads /etc/hosts. Errors: invalid_argument, one
// line that names the key.
result<http::page_rules> page_rules(const config::settings& s);

}  // namespace sparkgate::app
