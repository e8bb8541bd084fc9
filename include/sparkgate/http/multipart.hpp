// Finds a file in a multipart/form-data body (RFC 7578). Pure; what it returns points into the body.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sparkgate::http {

struct uploaded_file {
    std::string name;  // the last component of the client's file name: never a path
    std::string_view content;
};

// The first file whose part bears this name; nothing when there is none, or the body is not what its
// Content-Type says.
std::optional<uploaded_file> find_upload(std::string_view content_type, std::string_view body,
                                         std::string_view part);

}  // namespace sparkgate::http
