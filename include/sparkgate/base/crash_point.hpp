// Places where the death of the gateway would be most inconvenient, named so that tests can let it die there.
#pragma once

namespace sparkgate {

// Does nothing. In the test executable sparkgate-crashtest another function of this name is linked in: it
// ends the process with SIGKILL at the pass that the environment variable SPARKGATE_CRASH_POINT=NAME:N names.
// Any thread.
void crash_point(const char* name);

}  // namespace sparkgate
