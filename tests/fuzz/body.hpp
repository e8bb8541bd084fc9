// Request bodies, past HTTP: what their fuzz targets share.
#pragma once

#include "fuzz/whole_gateway.hpp"

#include "sparkgate/base/json.hpp"

#include <initializer_list>
#include <string>

namespace sparkgate::fuzz {

// The body that an input stands for. A byte 1 cannot be in JSON; with two more it means a run: the third, 2^n
// times for the second. So a few bytes reach the largest body that a server takes.
std::string body_of(std::string_view input);

// What the gateway answers to a POST. Whatever the body is, the answer has a documented status and is
// JSON (or empty), and a refusal changes nothing.
http::response post(whole_gateway& gateway, std::string_view path, std::string_view body);

// A GET that has to succeed.
json get(whole_gateway& gateway, std::string_view path);

// Where the body that was sent has a text in one of these fields, the view has the same.
void require_echo(std::string_view sent, const json& view, std::initializer_list<const char*> fields);

}  // namespace sparkgate::fuzz
