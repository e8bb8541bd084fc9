// Request bodies, past HTTP: what their fuzz targets share.
#pragma once

#include "fuzz/whole_gateway.hpp"

#include "sparkgate/base/json.hpp"

#include <initializer_list>

namespace sparkgate::fuzz {

// What the gateway answers to a POST. Whatever the body is, the answer has a documented status and is
// JSON (or empty), and a refusal changes nothing.
http::response post(whole_gateway& gateway, std::string_view path, std::string_view body);

// A GET that has to succeed.
json get(whole_gateway& gateway, std::string_view path);

// Where the body that was sent has a text in one of these fields, the view has the same.
void require_echo(std::string_view sent, const json& view, std::initializer_list<const char*> fields);

}  // namespace sparkgate::fuzz
