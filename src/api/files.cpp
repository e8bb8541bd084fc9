// Files for a session's code: add-jar, add-pyfile, add-file name one, upload-… bring one.
#include "body.hpp"
#include "errors.hpp"
#include "handlers.hpp"

#include "sparkgate/http/multipart.hpp"

#include <cctype>

namespace sparkgate::api {
namespace {

using session::resource_kind;

constexpr std::size_t longest_name = 200;  // bytes; file systems take 255

std::string file_uri(const std::filesystem::path& path) {
    constexpr std::string_view kept = "/-._~", hex = "0123456789ABCDEF";
    std::string out = "file://";
    for (const char c : path.string()) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x80 && std::isalnum(byte)) || kept.find(c) != std::string_view::npos)
            out += c;
        else
            out.append({'%', hex[byte >> 4], hex[byte & 15]});
    }
    return out;
}

// Livy answers an empty body of the type JSON. A session that has ended meanwhile refuses in the words of one
// that had ended before.
response added(const session::session& owner, const result<void>& outcome) {
    if (outcome) return json_response({});
    return outcome.error().code == errc::conflict ? not_active(owner) : to_response(outcome.error());
}

awaitable<response> add(context& api, const request& from, const path_values& path, resource_kind kind) {
    static const std::vector<std::string> fields{"uri"};
    const opened target = open_for_reading(api, path[0]);
    if (target.refused) co_return *target.refused;
    auto body =
        body_reader::parse(from.body, "org.apache.livy.client.common.HttpMessages$AddResource", fields);
    if (!body) co_return text_error(400, body.error().message);
    const auto uri = body->text("uri");
    if (body->error()) co_return text_error(400, body->error()->message);
    if (!uri) co_return msg_error(400, "The field \"uri\" is missing.");
    auto resolved = api.sessions.resolve_file(*uri);
    if (!resolved) co_return to_response(resolved.error());
    const auto outcome = co_await target.session->add_resource(kind, std::move(*resolved));
    co_return added(*target.session, outcome);
}

awaitable<response> upload(context& api, const request& from, const path_values& path, resource_kind kind) {
    const opened target = open_for_reading(api, path[0]);
    if (target.refused) co_return *target.refused;
    const bool jar = kind == resource_kind::jar;
    const auto* type = from.header("content-type");
    const auto file = type ? http::find_upload(*type, from.body, jar ? "jar" : "file") : std::nullopt;
    if (!file) co_return text_error(400, jar ? "No jar sent!" : "No file sent!");
    if (file->name.size() > longest_name) co_return msg_error(400, "The file's name is too long.");
    const auto limit = api.settings.upload_max_size.value;
    if (file->content.size() > limit)
        co_return msg_error(413, "The file is larger than the " + std::to_string(limit) +
                                     " bytes that file.upload.max.size allows.");
    auto kept = co_await target.session->keep_upload(file->name, file->content);
    if (!kept) co_return added(*target.session, kept.error());
    std::string uri = file_uri(*kept);
    const auto outcome = co_await target.session->add_resource(kind, std::move(uri));
    co_return added(*target.session, outcome);
}

}  // namespace

awaitable<response> add_jar(context& api, const request& from, const path_values& path) {
    return add(api, from, path, resource_kind::jar);
}
awaitable<response> add_pyfile(context& api, const request& from, const path_values& path) {
    return add(api, from, path, resource_kind::pyfile);
}
awaitable<response> add_file(context& api, const request& from, const path_values& path) {
    return add(api, from, path, resource_kind::file);
}
awaitable<response> upload_jar(context& api, const request& from, const path_values& path) {
    return upload(api, from, path, resource_kind::jar);
}
awaitable<response> upload_pyfile(context& api, const request& from, const path_values& path) {
    return upload(api, from, path, resource_kind::pyfile);
}
awaitable<response> upload_file(context& api, const request& from, const path_values& path) {
    return upload(api, from, path, resource_kind::file);
}

}  // namespace sparkgate::api
