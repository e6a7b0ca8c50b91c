// One request while it executes: what an operation may touch, and how its effect is kept. Lives inside one transaction.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/random.hpp"
#include "platform/store/store.hpp"
#include "sandbox/faults.hpp"
#include "sandbox/form.hpp"
#include "sandbox/rules.hpp"

namespace purser::sandbox {

// What is answered. `executed` answers belong to the idempotency key.
struct Answer {
  int status = 200;
  std::string body{};
  bool executed = true;
};

struct Announcement {
  std::string_view type;
  std::string object;  // JSON, as it was at that moment
};

struct Call {
  store::Tx& tx;
  const Form& form;
  Instant now;
  Random& random;
  std::string request_id{};
  std::string idempotency_key{};
  std::string base_url{};  // where this sandbox is reached, for links in answers
  std::optional<Fault> fault{};
  Duration settles_after{2'000};  // `processing` and slow refunds
  std::vector<Announcement> announced{};
  std::optional<Instant> wakes_at{};  // something was kept that comes to its end by itself, then

  std::string new_id(std::string_view prefix) { return std::string(prefix) + encode_base32(make_uuid_v7(now, random)); }
  bool struck_by(FaultKind kind) const { return fault && fault->kind == kind; }
};

// Writes the rows, the ledger lines and the announcements of an effect. `is_new`: the intent is not in the store yet.
void keep(Call& call, const Effect& effect, bool is_new = false);

Answer refuse(const StripeError& error, const PaymentIntent* intent = nullptr);
// The intent, or the effect's error with the intent in it. expand[]=latest_charge is heeded.
Answer answer_with(Call& call, const Effect& effect);
std::string show(store::Tx& tx, const Form& form, const PaymentIntent& intent, std::string_view expand_name = "latest_charge");

}  // namespace purser::sandbox
