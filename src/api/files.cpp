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

// A session that has ended meanwhile refuses in the words of one that had ended before.
response refusal_of(const session::session& owner, const error& why) {
    return why.code == errc::conflict ? not_active(owner) : to_response(why);
}

// Livy answers an empty body of the type JSON. A driver that has not said in time is no error: it may still
// come to it.
response added(const session::session& owner, const result<session::addition>& outcome) {
    if (!outcome) return refusal_of(owner, outcome.error());
    if (*outcome == session::addition::done) return json_response({});
    return msg_error(202, "The session has the request, but has not said yet that the file is added.");
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

// Takes the first file of the form whose part has the name that Livy's clients use; what else is in the form
// has no meaning.
class upload_receiver final : public http::body_receiver {
public:
    upload_receiver(const context& api, session_pointer owner, resource_kind kind,
                    const std::string& boundary)
        : limit_(api.settings.upload_max_size.value),
          owner_(std::move(owner)),
          kind_(kind),
          form_(boundary) {}

    awaitable<std::optional<response>> take(std::string_view piece) override {
        using event = http::multipart_reader::event;
        while (true) {
            const auto found = form_.next(piece);
            if (found == event::part && is_wanted()) {
                if (form_.file_name().size() > longest_name)
                    co_return msg_error(400, "The file's name is too long.");
                file_ = owner_->begin_upload(form_.file_name());
                inside_ = true;
            } else if (found == event::data && inside_) {
                if (auto refused = co_await append(form_.data())) co_return refused;
            } else if (found == event::part_end && inside_) {
                inside_ = false;
                whole_ = true;
            }
            if (found == event::need_more || found == event::end || found == event::broken)
                co_return std::nullopt;
        }
    }

    awaitable<response> finish() override {
        if (!whole_) co_return nothing_sent(kind_);
        auto kept = co_await file_->finish();
        if (!kept) co_return refusal_of(*owner_, kept.error());
        std::string uri = file_uri(*kept);
        const auto outcome = co_await owner_->add_resource(kind_, std::move(uri));
        if (outcome) file_->keep();
        co_return added(*owner_, outcome);
    }

    static response nothing_sent(resource_kind kind) {
        return text_error(400, kind == resource_kind::jar ? "No jar sent!" : "No file sent!");
    }

private:
    bool is_wanted() const {
        const std::string_view wanted = kind_ == resource_kind::jar ? "jar" : "file";
        return !file_ && form_.name() == wanted && !form_.file_name().empty();
    }

    awaitable<std::optional<response>> append(std::string_view data) {
        size_ += data.size();
        if (size_ > limit_)
            co_return msg_error(413, "The file is larger than the " + std::to_string(limit_) +
                                         " bytes that file.upload.max.size allows.");
        owner_->touch();
        const auto written = co_await file_->append(data);
        if (written) co_return std::nullopt;
        co_return refusal_of(*owner_, written.error());
    }

    const std::size_t limit_;
    const session_pointer owner_;
    const resource_kind kind_;
    http::multipart_reader form_;
    std::unique_ptr<session::upload> file_;
    std::size_t size_ = 0;
    bool inside_ = false, whole_ = false;  // of the file
};

awaitable<http::receiver_or_refusal> upload(context& api, const request& from, const path_values& path,
                                            resource_kind kind) {
    opened target = open_for_reading(api, path[0]);
    if (target.refused) co_return std::move(*target.refused);
    const auto* type = from.header("content-type");
    const auto boundary = type ? http::form_boundary(*type) : std::nullopt;
    if (!boundary) co_return upload_receiver::nothing_sent(kind);
    co_return std::make_unique<upload_receiver>(api, target.session, kind, *boundary);
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
awaitable<http::receiver_or_refusal> upload_jar(context& api, const request& from, const path_values& path) {
    return upload(api, from, path, resource_kind::jar);
}
awaitable<http::receiver_or_refusal> upload_pyfile(context& api, const request& from,
                                                   const path_values& path) {
    return upload(api, from, path, resource_kind::pyfile);
}
awaitable<http::receiver_or_refusal> upload_file(context& api, const request& from, const path_values& path) {
    return upload(api, from, path, resource_kind::file);
}

}  // namespace sparkgate::api
