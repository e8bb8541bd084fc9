// A text that several hold and nobody changes: what a driver sent goes to the store and to clients without a
// copy. May be absent. Any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace sparkgate {

class shared_text {
public:
    shared_text() = default;
    shared_text(std::string text) : text_(std::make_shared<const std::string>(std::move(text))) {}
    shared_text(const char* text) : shared_text(std::string(text)) {}
    shared_text(std::optional<std::string> text) {
        if (text) *this = shared_text(std::move(*text));
    }

    bool has_value() const { return text_ != nullptr; }
    explicit operator bool() const { return has_value(); }
    const std::string& operator*() const { return *text_; }
    std::string value_or(std::string otherwise) const { return text_ ? *text_ : std::move(otherwise); }

    std::size_t size() const { return text_ ? text_->size() : 0; }  // bytes; 0 when absent
    void reset() { text_.reset(); }

    friend bool operator==(const shared_text& a, const shared_text& b) {
        return a.text_ && b.text_ ? *a.text_ == *b.text_ : a.text_ == b.text_;
    }

private:
    std::shared_ptr<const std::string> text_;
};

}  // namespace sparkgate
