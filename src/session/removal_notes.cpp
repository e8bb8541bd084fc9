#include "sparkgate/session/removal_notes.hpp"

namespace sparkgate::session {

void removal_notes::add(std::int64_t id, std::optional<std::string> name, std::string why) {
    notes_.push_front({id, std::move(name), std::move(why)});
    if (notes_.size() > kept) notes_.pop_back();
}

void removal_notes::release_name(const std::string& name) {
    for (auto& each : notes_)
        if (each.name == name) each.name.reset();
}

std::optional<std::string> removal_notes::why(std::int64_t id) const {
    for (const auto& each : notes_)
        if (each.id == id) return each.why;
    return {};
}

std::optional<std::string> removal_notes::why(const std::string& name) const {
    for (const auto& each : notes_)
        if (each.name == name) return each.why;
    return {};
}

}  // namespace sparkgate::session
