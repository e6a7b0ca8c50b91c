// A face of the sandbox: one payment processor's manners on the wire. What every request goes through is the same for all of them
// (routes.cpp): who asks, which operation, which fault strikes, under which key, one transaction, which lie is told about the answer.
// A face says how each of these is written, and what its operations do to its own objects. The ledger, the keys, the events and their
// deliveries are kept for all, each row under the face's name.
//
// A face is a constant: it has no state, and whatever thread may ask it.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/client.hpp"
#include "platform/http/message.hpp"
#include "sandbox/call.hpp"
#include "sandbox/events.hpp"

namespace purser::sandbox {

// What an operation that only reads may see.
struct View {
  store::Tx& tx;
  const Form& form;
  Instant visible_until;
};

// One operation: it changes something, inside the transaction of its call, or it only looks.
struct Route {
  std::string_view method;
  std::string_view pattern;                          // the whole path; "*" is one segment, the id
  std::optional<Answer> (*check)(const Form&);       // what the parameters alone refuse; nullptr: nothing
  Answer (*change)(Call&, std::string_view id);      // nullptr where it only looks
  Answer (*look)(const View&, std::string_view id);  // nullptr where it changes something
};

// Why the sandbox turns a request away before any operation has it; each face has its own words for each.
enum class Refusal : std::uint8_t {
  wants_secret_key,
  no_such_operation,  // `about`: "POST /v1/nothing"
  body_unreadable,
  key_too_long,
  key_in_use,          // `about`: the idempotency key
  key_used_otherwise,  // `about`: the idempotency key
  fault_unknown,       // `about`: what is wrong with metadata[sandbox_fault]
  rate_limited,
  locked,
  failed_on_request,  // a fault wants a 500
  store_failed,
};

// What the headers of an answer tell.
struct Told {
  std::string_view request_id;
  std::string_view idempotency_key;
  const http::Headers& asked;  // of the request
  bool replayed = false;
  std::optional<FaultKind> fault{};
};

// A customer in front of the sandbox's page, and the payment that waits for him, or waits no more.
struct Visit {
  std::string id{}, status{}, currency{};
  std::int64_t amount = 0;
  bool waits = false;
  std::string json{};       // the payment, in the face's shape
  std::string return_to{};  // where the browser goes on once it is decided; empty: nowhere
};

// One payment on the overview.
struct PaymentRow {
  Instant created;
  std::string id, status;
  std::int64_t amount, received;
  std::string currency, order_id, reference;
};

class Face {
 public:
  virtual ~Face() = default;
  virtual std::string_view name() const = 0;    // "stripe": of its rows, its settings, its filters
  virtual std::string_view prefix() const = 0;  // of the paths it answers
  virtual std::span<const Route> routes() const = 0;

  virtual std::string_view key_header() const { return "idempotency-key"; }
  virtual std::size_t key_length_max() const = 0;
  virtual Duration key_lifetime() const = 0;
  // Whether a 500 belongs to its key like any answer. Where it does not, the next request gets what was really done, or does it.
  virtual bool keeps_failures() const { return true; }

  // `secret_key`: the configured one; empty where any of the processor's test keys will do.
  virtual bool admits(const http::Request& request, std::string_view secret_key) const = 0;
  // Whether what admits the request is valid no longer.
  virtual bool has_run_out(const http::Request&, Instant) const { return false; }
  // Of a request that changes something; nothing where the body cannot be read. Nested fields are named a[b][c].
  virtual std::optional<Form> read_body(const http::Request& request) const = 0;
  // What is refused of any request that changes something, whatever its operation.
  virtual std::optional<Answer> check(const Form&) const { return std::nullopt; }
  // The caller's own name for what it asks: fault rules match it.
  virtual std::string reference_in(const Form& form) const { return form.text("metadata[purser_reference]"); }

  virtual Answer refuse(Refusal why, std::string_view about = {}) const = 0;
  virtual void write_headers(http::Response& response, const Told& told) const = 0;
  // Body and headers of one event's webhook; the caller adds the url.
  virtual http::Outbound webhook(const Event& event, const std::string& secret, Instant sent) const = 0;

  // What comes to its end by itself: when the next does, and bringing to it what is due. It may leave some of it for its next call.
  virtual std::optional<Instant> next_settling(store::Tx& tx) const = 0;
  virtual void settle(Call& call) const = 0;

  // The payment a customer is asked about; nothing where the id is none of this face's.
  virtual std::optional<Visit> visit(store::Tx& tx, std::string_view id) const = 0;
  // His answer. Nothing changes unless the payment waits for it; gives the payment as it is then.
  virtual std::optional<Visit> decide(Call& call, std::string_view id, bool approves) const = 0;

  virtual std::vector<PaymentRow> newest_payments(store::Tx& tx, std::int64_t rows_max) const = 0;
};

const Face& adyen_face();
const Face& stripe_face();
const Face& paypal_face();

// All of them. Stripe's is the last, whose prefix every path has.
std::span<const Face* const> faces();
const Face& face_for(std::string_view path);
const Face* face_named(std::string_view name);  // nullptr where there is none

}  // namespace purser::sandbox
