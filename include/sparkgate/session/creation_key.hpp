// What makes a repeated POST find what the first one created: the client's Idempotency-Key. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sparkgate::session {

struct creation_key {
    std::string key;          // the client's word
    std::string fingerprint;  // of the request that came with it
};

// Equal for equal texts, in every build of the gateway (64-bit FNV-1a and the length, in hex).
std::string fingerprint(std::string_view text);

}  // namespace sparkgate::session
