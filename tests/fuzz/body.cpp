#include "fuzz/body.hpp"

#include "fuzz/fuzz.hpp"

namespace sparkgate::fuzz {

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
