// A file that a client brings for the code of a session, while it comes. The session's event loop; what
// blocks goes on in the pool.
#pragma once

#include "sparkgate/base/async.hpp"
#include "sparkgate/base/error.hpp"

#include <boost/asio/thread_pool.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace sparkgate::session {

class upload {
public:
    // Below the session's directory, in a directory of its own. `name` is a mere file name.
    upload(boost::asio::thread_pool& pool, std::filesystem::path session_directory, std::string name);

    // Without keep() nothing is left, in a moment.
    ~upload();

    // `piece` must live until this resolves. Errors: no_space, unavailable, conflict (the session was
    // removed).
    awaitable<result<void>> append(std::string_view piece);

    // Nothing more comes: where the file lies now. Errors as append.
    awaitable<result<std::filesystem::path>> finish();

    // The session has taken the file, or may have.
    void keep();

private:
    struct state;  // that the pool works on

    boost::asio::thread_pool& pool_;
    std::shared_ptr<state> state_;
};

}  // namespace sparkgate::session
