// Answers that are as large as what they tell about: short ones as a body with its length, long ones as a
// stream, so that a client that asks for much costs a piece of it at a time.
#pragma once

#include "sparkgate/base/async.hpp"
#include "sparkgate/base/error.hpp"
#include "sparkgate/http/message.hpp"

#include <memory>
#include <string>

namespace sparkgate::api {

// Makes the text of one answer, piece by piece. Event-loop thread.
class piece_source {
public:
    virtual ~piece_source() = default;

    // Appends what comes next; false when that was the last. An error refuses the answer, or cuts it where it
    // has begun.
    virtual awaitable<result<bool>> next(std::string& out) = 0;
};

// 200 with that text, which is JSON.
awaitable<http::response> answer_with(std::shared_ptr<piece_source> source);

}  // namespace sparkgate::api
