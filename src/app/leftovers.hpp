// What an earlier gateway process left behind when it was killed.
#pragma once

#include "sparkgate/base/async.hpp"
#include "sparkgate/process/launcher.hpp"
#include "sparkgate/store/store.hpp"

#include <filesystem>
#include <vector>

namespace sparkgate::app {

// Ends the children of sessions that an earlier process started (found by identity, never by pid alone), then
// removes their directories and records: this gateway starts without sessions, as Livy does without recovery.
awaitable<void> end_leftovers(process::launcher& launcher, store::store& store,
                              std::filesystem::path sessions, std::vector<store::session_record> records);

}  // namespace sparkgate::app
