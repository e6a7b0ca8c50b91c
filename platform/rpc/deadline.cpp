#include "platform/rpc/deadline.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "platform/log.hpp"

namespace purser::rpc {
namespace {

namespace asio = boost::asio;
using Outcome = std::optional<Result<MessagePtr>>;

// What the handler and whoever waits for it share. Both run on one strand, so neither needs a lock.
struct Running {
  explicit Running(const asio::any_io_executor& strand) : done(strand, asio::steady_timer::time_point::max()) {}
  asio::steady_timer done;  // never runs out; brought forward when the reply is there
  Outcome reply;
  bool abandoned = false;
};

Result<MessagePtr> handler_threw(const Method& method, const Call& call, const char* what) {
  log::error("a handler threw", {{"method", method.descriptor->full_name()},
                                 {"error", what},
                                 {"request_id", call.request_id},
                                 {"correlation_id", call.correlation_id},
                                 {"trace_id", call.trace.trace_id_text()}});
  return Error{.kind = Kind::internal, .code = "internal", .detail = "A handler threw."};
}

Task<void> run(std::shared_ptr<Running> running, std::shared_ptr<const Method> method, Call call, MessagePtr request) {
  try {
    running->reply = co_await method->invoke(call, std::move(request));
  } catch (const std::exception& error) {
    running->reply = handler_threw(*method, call, error.what());
  } catch (...) {
    running->reply = handler_threw(*method, call, "something that is no exception");
  }
  running->done.expires_at(asio::steady_timer::time_point::min());
  if (running->abandoned)
    log::warn("a handler ended after its deadline", {{"method", method->descriptor->full_name()}, {"request_id", call.request_id}});
}

Task<Outcome> wait(std::shared_ptr<Running> running, Clock* clock, Duration length) {
  using namespace asio::experimental::awaitable_operators;
  if (!running->reply) co_await (running->done.async_wait(asio::as_tuple(asio::use_awaitable)) || clock->sleep(length));
  running->abandoned = !running->reply;
  co_return std::move(running->reply);
}

}  // namespace

Task<Outcome> reply_within(std::shared_ptr<const Method> method, Call call, MessagePtr request, Clock* clock, Duration length) {
  const asio::any_io_executor strand = asio::make_strand(co_await asio::this_coro::executor);
  auto running = std::make_shared<Running>(strand);
  asio::co_spawn(strand, run(running, std::move(method), std::move(call), std::move(request)), asio::detached);
  co_return co_await asio::co_spawn(strand, wait(std::move(running), clock, length), asio::use_awaitable);
}

}  // namespace purser::rpc
