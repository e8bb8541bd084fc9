// What an earlier gateway process left behind when it was killed.
#pragma once

#include "sparkgate/base/async.hpp"
#include "sparkgate/process/launcher.hpp"
#include "sparkgate/store/store.hpp"

namespace sparkgate::app {

class state_directory;

// Ends what runs in directories that no record names (a creation that was refused, a removal that was cut
// off), and removes them. Children are found by identity, never by pid alone.
awaitable<void> end_strangers(process::launcher& launcher, const state_directory& state,
                              const store::contents& known);

// For a gateway that does not go on with what an earlier one has left: ends its children, removes sessions
// with their directories and records, from `known` too. Batches stay, with their logs.
awaitable<void> end_leftovers(process::launcher& launcher, store::store& store, const state_directory& state,
                              store::contents& known);

}  // namespace sparkgate::app
