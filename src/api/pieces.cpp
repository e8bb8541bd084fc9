#include "pieces.hpp"

#include "errors.hpp"
#include "handlers.hpp"

#include <stdexcept>

namespace sparkgate::api {
namespace {

constexpr std::size_t streamed_from = 128 * 1024;  // bytes

awaitable<void> send(std::shared_ptr<piece_source> source, std::string piece, http::body_writer& to) {
    for (bool more = true; co_await to.write(piece) && more;) {
        piece = {};  // a large one gives its memory back
        const auto next = co_await source->next(piece);
        if (!next) throw std::runtime_error(next.error().message);  // the client sees that it is not whole
        more = *next;
    }
}

}  // namespace

awaitable<response> answer_with(std::shared_ptr<piece_source> source) {
    std::string body;
    for (bool more = true; more;) {
        const auto next = co_await source->next(body);
        if (!next) co_return to_response(next.error());
        more = *next;
        if (!more || body.size() <= streamed_from) continue;
        auto produce = [source, begin = std::make_shared<std::string>(std::move(body))](
                           http::body_writer& to) { return send(source, std::move(*begin), to); };
        response out = json_response({});
        out.stream = std::move(produce);
        co_return out;
    }
    co_return json_response(std::move(body));
}

}  // namespace sparkgate::api
