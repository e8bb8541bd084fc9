// Reads the bytes of a gateway's answers as a strict client would.
#pragma once

#include "fuzz/whole_gateway.hpp"

namespace sparkgate::fuzz {

// All of `seen` has to be answers, in order: well formed, with a documented status, with as much body as it
// says, and with a body that is what its type says.
void check_answers(const conversation& seen);

}  // namespace sparkgate::fuzz
