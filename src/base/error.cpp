#include "sparkgate/base/error.hpp"

#include <cstring>
#include <stdexcept>

namespace sparkgate {

void throw_exception_from_error(const error& e, const boost::source_location& where) {
    throw std::logic_error(e.message + " (unchecked result in " + where.function_name() + ")");
}

error system_error(errc code, std::string_view what, int error_number) {
    return {code, std::string(what) + ": " + std::strerror(error_number)};
}

}  // namespace sparkgate
