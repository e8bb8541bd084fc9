// Watches one shim: its exit report and its end. Made by the launcher.
#pragma once

#include "sparkgate/base/unique_fd.hpp"
#include "sparkgate/process/launcher.hpp"

namespace sparkgate::process {

// Starts watching. `pidfd` is the shim's; `fifo` is the reading end of <dir>/exit.fifo and may be empty: then
// the program's end is noticed when the shim is gone. A shim that is our child is reaped when it ends,
// whether the returned object still lives or not. Errors: unavailable (the kernel's limit of watched
// descriptors).
result<std::unique_ptr<child>> watch_shim(boost::asio::any_io_executor executor, std::filesystem::path dir,
                                          identity who, unique_fd pidfd, unique_fd fifo);

}  // namespace sparkgate::process
