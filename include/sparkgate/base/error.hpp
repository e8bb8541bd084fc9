// Errors as values. Purpose: everything that can fail for reasons outside the program returns a result<T>;
// exceptions are for bugs and for start-up. Codes are neutral: one function in api/ maps them to HTTP.
#pragma once

#include <boost/system/result.hpp>

#include <string>

namespace sparkgate {

enum class errc {
    invalid_argument,  // the request is wrong; the message names the field
    not_found,
    mismatch,  // the request contradicts an earlier one that it says it repeats
    conflict,  // an object of that name exists, or the state forbids it
    forbidden,
    too_large,
    busy,         // a limit is reached; try again later
    unavailable,  // something we depend on does not work now (store, driver)
    no_space,     // on a disk
    internal,     // our bug
};

struct error {
    errc code = errc::internal;
    std::string message;  // one line for a person
    // What else is known; apart, since clients match some of Livy's messages to the last character.
    std::string reason = {};
};

// Found by argument-dependent lookup when result<T>::value() is called on an error: a bug in the caller.
[[noreturn]] void throw_exception_from_error(const error& e, const boost::source_location& where);

template <class T>
using result = boost::system::result<T, error>;

// fail(errc::not_found, "...") converts to any result<T>.
inline error fail(errc code, std::string message, std::string reason = {}) {
    return error{code, std::move(message), std::move(reason)};
}

// "open /x: No such file or directory" for the current or given errno.
error system_error(errc code, std::string_view what, int error_number);

}  // namespace sparkgate
