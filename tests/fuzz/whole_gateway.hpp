// The whole gateway but its processes, for fuzz targets: the real routes, sessions, batches and connections
// on one event loop, over the store in memory. spark-submit is scripted; the driver of each session is
// played.
//
// It has one idle session, 0, which is named "s", and one running batch, 0, named "b".
#pragma once

#include "sparkgate/http/router.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sparkgate::fuzz {

// A request that a connection has answered.
struct answered {
    bool head = false;     // HEAD on the wire
    bool changes = false;  // by its method
    unsigned status = 0;
    std::size_t bytes = 0;  // of the body, as sent
};

struct conversation {
    std::string received;  // all that the gateway has sent
    std::vector<answered> answers;
};

class whole_gateway {
public:
    whole_gateway();
    ~whole_gateway();  // ends everything that runs
    whole_gateway(const whole_gateway&) = delete;
    whole_gateway& operator=(const whole_gateway&) = delete;

    const http::router& routes() const;

    // What the handler of a route answers, without a connection. `path` has one, and is not encoded.
    http::response answer(http::method verb, std::string_view path, std::string_view body);

    // A client's connection from its beginning to its end. Each piece is sent when the gateway has done what
    // it could with the ones before. Then the client says that nothing more comes and reads what is left, or
    // goes (`leaves`).
    conversation converse(const std::vector<std::string_view>& pieces, bool leaves);

    // Session 0's driver dials again, which has received three statements, and sends this.
    void drive(std::string_view frames);

    // Lets everything that can happen without more input happen.
    void settle();

    // Counts what the gateway wanted to remember: the same number means that nothing has changed.
    std::uint64_t changes() const;
    std::size_t programs() const;

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

// The gateway of this process. It is made anew after an input that may have changed it: an input finds the
// same whatever came before.
whole_gateway& fresh_gateway();
void set_used();

// Which statuses are documented. 500 is one in a single case, where Livy's clients want it: a session that
// has ended.
void check_status(unsigned status, std::string_view body);

}  // namespace sparkgate::fuzz
