// The loop behind the requests: it delivers events and brings to an end what was left processing.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "kernel/assert.hpp"
#include "platform/log.hpp"
#include "sandbox/processor.hpp"

namespace purser::sandbox {
namespace {

constexpr std::size_t deliveries_at_once = 64;
constexpr Duration idle_pause = hours(1), trouble_pause = seconds(1);

Attempted attempted_of(const http::Outcome& outcome, Instant sent) {
  if (const auto* response = std::get_if<http::Response>(&outcome)) return {.sent = sent, .status = response->status};
  if (const auto* not_sent = std::get_if<http::NotSent>(&outcome)) return {.sent = sent, .problem = not_sent->reason};
  return {.sent = sent, .problem = std::get<http::InDoubt>(outcome).reason};
}

}  // namespace

struct Processor::Due {
  std::vector<const Face*> settles{};
  std::vector<Delivery> deliveries{};
  Instant next{};
};

Task<void> Processor::run() { return loop(shared_from_this()); }

Task<void> Processor::loop(std::shared_ptr<Processor> self) {
  const auto executor = co_await boost::asio::this_coro::executor;
  {
    const std::scoped_lock lock(self->guard_);
    self->signal_ = std::make_shared<Signal>(executor, 1);
  }
  for (;;) {
    Due due = co_await self->find_due();
    {
      const std::scoped_lock lock(self->guard_);
      if (self->stopping_ && self->in_flight_.empty()) break;
      if (self->stopping_) due = {.next = due.next};
      for (const Delivery& delivery : due.deliveries) self->in_flight_.insert(delivery.id);
    }
    for (Delivery& delivery : due.deliveries) boost::asio::co_spawn(executor, attempt(self, std::move(delivery)), boost::asio::detached);
    for (const Face* face : due.settles) co_await self->settle(*face);
    if (due.settles.empty()) co_await self->pause_until(due.next);
  }
}

void Processor::stop() {
  {
    const std::scoped_lock lock(guard_);
    stopping_ = true;
  }
  wake();
}

void Processor::wake() {
  const std::scoped_lock lock(guard_);
  if (signal_) signal_->try_send(boost::system::error_code());
}

Task<void> Processor::pause_until(Instant due) {
  using namespace boost::asio::experimental::awaitable_operators;
  std::shared_ptr<Signal> signal;
  {
    const std::scoped_lock lock(guard_);
    signal = signal_;
  }
  const Duration left = due - clock_.now();
  if (left.ms <= 0) co_return;
  co_await (signal->async_receive(boost::asio::use_awaitable) || clock_.sleep(left));
}

Task<Processor::Due> Processor::find_due() {
  std::size_t rows_max = 0;
  std::vector<std::string> delivering;
  for (const Face* face : faces())
    if (!target(*face).url.empty()) delivering.emplace_back(face->name());
  std::set<std::string> busy;  // as it was before the read: an attempt that ends meanwhile is still pending in what is read
  {
    const std::scoped_lock lock(guard_);
    busy = in_flight_;
    if (!delivering.empty() && in_flight_.size() < deliveries_at_once) rows_max = deliveries_at_once + in_flight_.size();
  }
  const Instant now = clock_.now();
  auto found = co_await store_.read([&](store::Tx& tx) -> Result<Due> {
    Due due{.next = now + idle_pause};
    for (const Face* face : faces()) {
      const auto settling = face->next_settling(tx);
      if (settling && *settling <= now) due.settles.push_back(face);
      if (settling) due.next = std::min(due.next, *settling);
    }
    if (const auto delivery = next_delivery(tx, now)) due.next = std::min(due.next, *delivery);
    if (rows_max > 0) due.deliveries = due_deliveries(tx, delivering, now, static_cast<std::int64_t>(rows_max));
    return due;
  });
  if (found) {
    std::erase_if(found->deliveries, [&](const Delivery& delivery) { return busy.contains(delivery.id); });
    co_return *std::move(found);
  }
  log::warn("sandbox: cannot read what is due", {{"problem", found.error().detail}});
  co_return Due{.next = now + trouble_pause};
}

Task<void> Processor::settle(const Face& face) {
  const Instant now = clock_.now();
  const Form none;
  const WebhookTarget to = target(face);
  auto settled = co_await store_.transact([&](store::Tx& tx) -> Result<Done> {
    Call call{.tx = tx, .form = none, .now = now, .random = random_, .processor = face.name()};
    face.settle(call);
    record_events(call, to);
    return Done{};
  });
  if (settled) co_return;
  log::warn("sandbox: cannot end what is processing", {{"problem", settled.error().detail}});
  co_await pause_until(now + trouble_pause);
}

Task<void> Processor::attempt(std::shared_ptr<Processor> self, Delivery delivery) {
  const Face* face = face_named(delivery.event.processor);
  PURSER_ASSERT(face != nullptr);
  const WebhookTarget to = self->target(*face);
  const Instant sent = self->clock_.now();
  http::Outbound outbound = face->webhook(delivery.event, to.secret, sent);
  outbound.url = to.url;
  outbound.total_timeout = self->options().webhook_timeout;
  outbound.headers.set("user-agent", "purser-sandbox/1.0");
  const http::Outcome outcome = co_await self->client_->send(std::move(outbound));
  co_await self->record(std::move(delivery), attempted_of(outcome, sent));
}

// The loop is woken where it has something to do: a next attempt to wait for, or room for what it had to leave.
Task<void> Processor::record(Delivery delivery, Attempted attempted) {
  const Instant now = clock_.now();
  auto next = co_await store_.transact(
      [&](store::Tx& tx) -> Result<std::optional<Instant>> { return record_attempt(tx, delivery, attempted, now, random_); });
  if (!next) co_await clock_.sleep(trouble_pause);  // it is still pending, and will be delivered once more
  bool has_room = false;
  {
    const std::scoped_lock lock(guard_);
    in_flight_.erase(delivery.id);
    has_room = stopping_ || in_flight_.empty() || in_flight_.size() == deliveries_at_once / 2;
  }
  if (has_room || !next || *next) wake();
}

}  // namespace purser::sandbox
