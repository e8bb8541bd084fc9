// The tables of keys as docs/configuration.md shows them.
#pragma once

#include <string>

namespace sparkgate::config {

// From the heading of the first table to the end of the page.
std::string markdown_tables();

}  // namespace sparkgate::config
