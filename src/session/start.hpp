// What a session's driver is started with: command, environment, settings file. Pure but for the token.
#pragma once

#include "sparkgate/session/session.hpp"

namespace sparkgate::session {

// 256 random bits in hex: proves the driver to the gateway.
std::string make_token();

// The driver's settings file (docs/driver-protocol.md).
std::string driver_settings(const services& world, std::int64_t id, code_kind default_kind,
                            const std::filesystem::path& directory, const std::string& token);

std::vector<std::string> driver_command(const services& world, std::int64_t id,
                                        const session_request& request,
                                        const std::filesystem::path& settings_file);

std::map<std::string, std::optional<std::string>> driver_environment(const services& world, std::int64_t id);

// The request with the wire's field names, for the store.
json request_as_json(const session_request& request);

}  // namespace sparkgate::session
