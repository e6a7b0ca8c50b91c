// The coroutine every handler is: Task<T>, resumed on one executor. Nothing in contexts/ names a thread or an executor.
// Parameters of a Task are values: a reference to a temporary dangles at the first suspension.
#pragma once
#include <boost/asio/awaitable.hpp>

#include "kernel/result.hpp"

namespace purser {

template <class T>
using Task = boost::asio::awaitable<T>;

template <class T>
using Reply = Task<Result<T>>;

}  // namespace purser
