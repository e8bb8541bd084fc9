// Places where the death of the gateway would be most inconvenient, named so that tests can let it die there.
#pragma once

namespace sparkgate {

// Does nothing. In the test executable sparkgate-crashtest another function of this name is linked in: it
// ends the process with SIGKILL at the pass that the environment variable SPARKGATE_CRASH_POINT=NAME:N names.
// Any thread.
void crash_point(const char* name);

// The same for places where the system may refuse: always false here; in the test executable true at the pass
// that SPARKGATE_FAILURE_POINT=NAME:N names, and the caller goes on as if it had been refused.
bool failure_point(const char* name);

}  // namespace sparkgate
