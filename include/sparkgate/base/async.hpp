// The completion token of the whole program: I/O failures are values, never exceptions.
// Trap: g++ 12 destroys aggregate or capturing-lambda temporaries of a co_await expression twice: name them
// first (docs/common-errors.md, 1).
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sparkgate {

namespace asio = boost::asio;
using boost::asio::awaitable;

inline constexpr auto as_tuple = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace sparkgate
