// What an earlier gateway process left behind when it was killed.
#pragma once

#include "sparkgate/base/async.hpp"
#include "sparkgate/process/launcher.hpp"
#include "sparkgate/store/store.hpp"

namespace sparkgate::app {

class state_directory;

// Ends the children of sessions and batches that an earlier process started (found by identity, never by pid
// alone). Sessions' directories and records are removed: this gateway starts without sessions, as Livy does
// without recovery. Batches stay, with their logs; directories of none are removed.
awaitable<void> end_leftovers(process::launcher& launcher, store::store& store, const state_directory& state,
                              const store::contents& known);

}  // namespace sparkgate::app
