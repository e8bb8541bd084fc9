// Reads a multipart/form-data body (RFC 7578) as it comes, in pieces divided anywhere. Pure; memory for a
// part's header only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sparkgate::http {

// The boundary that the Content-Type of a form names; nothing when it is of no form.
std::optional<std::string> form_boundary(std::string_view content_type);

class multipart_reader {
public:
    explicit multipart_reader(const std::string& boundary);

    enum class event {
        need_more,  // the input is used up
        part,       // a part begins: see name() and file_name()
        data,       // of the part that began last: see data()
        part_end,   // that part is whole
        end,        // so is the form: what follows means nothing
        broken,     // this is no form
    };

    // Takes from the front of `input`, up to the next event. After `end` or `broken` there is no other.
    event next(std::string_view& input);

    // Of the part that began last; empty where its header does not say.
    const std::string& name() const { return name_; }
    const std::string& file_name() const { return file_name_; }  // the last component: never a path

    // Valid until the next call, and as long as its input is.
    std::string_view data() const { return data_; }

private:
    enum class state { preamble, after_delimiter, content, end, broken };

    event read_content(std::string_view& input);
    event read_part_header(std::string_view& input);
    event stop(event why);

    const std::string delimiter_;  // with the line end in front
    state state_ = state::preamble;
    std::size_t matched_ =
        2;              // bytes of the delimiter at the end of the input so far: a form begins like a line
    std::string head_;  // what has come behind a delimiter, up to the end of the part's header
    std::string name_, file_name_;
    std::string_view data_;
};

}  // namespace sparkgate::http
