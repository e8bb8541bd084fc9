#include "fuzz/body.hpp"

#include "fuzz/fuzz.hpp"

#include <algorithm>

namespace sparkgate::fuzz {

std::string body_of(std::string_view input) {
    constexpr std::size_t largest = 16u << 20;  // server.request-body.size
    std::string out;
    while (!input.empty() && out.size() < largest) {
        const bool is_run = input.size() > 2 && input[0] == 1;
        if (is_run)
            out.append(std::min(largest - out.size(), std::size_t{1} << (input[1] & 31) % 25), input[2]);
        else
            out += input[0];
        input.remove_prefix(is_run ? 3 : 1);
    }
    return out;
}

http::response post(whole_gateway& gateway, std::string_view path, std::string_view body) {
    const auto changes = gateway.changes();
    const auto programs = gateway.programs();
    auto out = gateway.answer(http::method::post, path, body);
    check_status(out.status, out.body);
    require(out.body.empty() || is_json(out.body), "an answer is JSON", out.body);
    if (out.status < 400)
        set_used();
    else
        require(gateway.changes() == changes && gateway.programs() == programs,
                "what is refused changes nothing", body);
    return out;
}

json get(whole_gateway& gateway, std::string_view path) {
    const auto out = gateway.answer(http::method::get, path, {});
    require(out.status == 200, "what was created is there", out.body);
    return parse_json(out.body).value();
}

void require_echo(std::string_view sent, const json& view, std::initializer_list<const char*> fields) {
    const auto request = parse_json(sent).value();
    for (const auto* field : fields)
        if (request.contains(field) && request[field].is_string())
            require(view.at(field) == request[field], "a view has what was sent", field);
}

}  // namespace sparkgate::fuzz
