// What may pass for a name of Spark's application. A driver's frames and a program's output tell it, and
// users' code writes into both; it becomes part of paths, answers, logs and pages with links. Pure.
#pragma once

#include <string_view>

namespace sparkgate::process {

// Only what the ids of Spark and of the cluster managers are made of: letters, digits, "-", "_", "."; at most
// 200 bytes.
bool is_app_id(std::string_view text);

// An http or https URL with a host, without credentials; visible ASCII without quotes, at most 2048 bytes.
bool is_page_url(std::string_view text);

}  // namespace sparkgate::process
