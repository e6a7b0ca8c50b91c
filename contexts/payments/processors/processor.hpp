// The anti-corruption layer's one interface: what a payment processor can be asked, and the few ends an ask can have. Each
// adapter (one file) translates its processor's wire protocol; nothing of that protocol is known outside it.
//
// An adapter never throws, never retries by itself, and is honest about doubt: End::not_sent only where no byte left,
// End::in_doubt for everything it cannot tell. It checks that the processor speaks of the amount and currency it was asked for.
#pragma once
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "contexts/payments/rules/payment.hpp"
#include "platform/async.hpp"
#include "platform/http/message.hpp"

namespace purser::payments {

// What a processor can do, declared by its adapter; janitor and router decide by it.
struct Capabilities {
  Duration key_lifetime;      // how long a repeated request under the same key is the same request; zero: it keeps none
  bool look_up_by_reference;  // by ours, though it never told us its own
  bool void_by_reference;     // undoes what it may have done, though it never told us its own id
  Duration visibility_lag;    // until a look-up surely shows what was done
  bool multi_capture;
  bool partial_refund;
  bool webhooks;
};

// One ask, complete: everything in it is stored before it is made, so that it can be made again, the same.
struct Instruction {
  AttemptKind kind;
  std::string reference;
  std::int64_t amount;
  Currency currency;
  std::string payment_method{};
  std::string processor_ref{};  // what to capture, refund, release or reverse
  bool final = true;            // for a capture: releases what is left
  std::int64_t captured_before = 0;
  std::string payment_id{};
  std::string order_id{};
  std::string return_url{};
  Instant begun_at{};
  int repetition = 0;  // how often it was looked at; for what may be repeated under another key
  std::string traceparent{};
  std::string correlation_id{};
  std::string merchant_id{};
  std::string user_id{};        // whose store credit it is, where it is paid with that
  std::string action_result{};  // what the buyer brought back from the action that was required, where the processor wants to see it
};

// What a webhook says. The attempt is found by `reference`, else by `processor_ref` and `about`.
struct Notice {
  std::string event_id{};
  std::string type{};
  std::string reference{};
  std::string processor_ref{};
  // money: an attempt to get it. refund: also a reversal. capture, release: where a processor tells of these by themselves.
  enum class About : std::uint8_t { money, capture, refund, release, nothing } about = About::nothing;
  std::optional<Money> amount{};  // what the processor speaks of, where it says so
  Outcome outcome{End::in_doubt};
};

class Processor {
 public:
  virtual ~Processor() = default;
  virtual std::string_view name() const = 0;
  virtual const Capabilities& capabilities() const = 0;
  virtual Task<Outcome> process(Instruction instruction) = 0;
  // Finds what became of an instruction by its reference. End::absent: the processor does not know it (yet: see visibility_lag).
  // End::in_doubt: could not be found out now.
  virtual Task<Outcome> look_up(Instruction instruction) = 0;
  // An Error refuses the webhook (400: forged, too old, unreadable).
  virtual Result<Notice> parse_webhook(const http::Request& request, Instant now) const = 0;
};

}  // namespace purser::payments
