// What this machine goes by. DNS is not asked: whoever answers it would decide who we are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sparkgate {

// The host name, and the names that /etc/hosts gives beside it (there the full one usually is). Reads a file.
std::vector<std::string> own_host_names();

// The addresses of the network interfaces; IPv6 without zones. Empty where the system does not tell.
std::vector<std::string> own_addresses();

// All names of the lines of a hosts file (hosts(5)) that have `name` among them. Pure.
std::vector<std::string> names_beside(std::string_view name, std::string_view hosts_file);

}  // namespace sparkgate
