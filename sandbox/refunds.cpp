// Refunds: of an intent (its latest charge) or of a charge, never more than was captured.
#include "sandbox/operations.hpp"
#include "sandbox/repository.hpp"
#include "sandbox/stripe_json.hpp"

namespace purser::sandbox {

std::optional<StripeError> check_refund(const Form& form) {
  const auto unknown = form.unknown({"amount", "charge", "currency", "customer", "expand", "instructions_email", "metadata", "origin",
                                     "payment_intent", "reason", "refund_application_fee", "reverse_transfer"});
  if (unknown) return bad_parameter(*unknown, "parameter_unknown", "The parameter " + *unknown + " is not known here.");
  if (!form.has("payment_intent") && !form.has("charge"))
    return bad_parameter("payment_intent", "parameter_missing", "One of payment_intent and charge is required.");
  const auto amount = form.integer("amount");
  if (form.has("amount") && (!amount || *amount < 1))
    return bad_parameter("amount", "parameter_invalid_integer", "amount must be a whole number of at least 1.");
  const std::string reason = form.text("reason");
  if (form.has("reason") && reason != "duplicate" && reason != "fraudulent" && reason != "requested_by_customer")
    return bad_parameter("reason", "parameter_invalid_string", "The value of reason is not one that is allowed.");
  return std::nullopt;
}

Answer create_refund(Call& call) {
  std::string charge_id = call.form.text("charge");
  if (charge_id.empty()) {
    const std::string intent_id = call.form.text("payment_intent");
    const auto intent = load_intent(call.tx, intent_id);
    if (!intent) return refuse(no_such("payment_intent", intent_id, "payment_intent"));
    if (intent->latest_charge.empty() || intent->amount_received == 0) {
      StripeError error = unexpected_state("This PaymentIntent has no successful charge to refund.");
      error.shows_intent = false;
      return refuse(error);
    }
    charge_id = intent->latest_charge;
  }
  auto charge = load_charge(call.tx, charge_id);
  if (!charge) return refuse(no_such("charge", charge_id, "charge"));
  const auto amount = call.form.integer("amount");
  if (auto error = may_refund(*charge, amount)) return refuse(*error);

  auto intent = load_intent(call.tx, charge->payment_intent);
  Refund wanted{.id = call.new_id("re_"),
                .created = call.now,
                .amount = amount.value_or(charge->amount_captured - charge->amount_refunded),
                .reason = call.form.text("reason"),
                .metadata = call.form.group("metadata")};
  const TestMethod* method = find_test_method(charge->payment_method);
  const Effect effect =
      refund(*std::move(intent), *std::move(charge), std::move(wanted), method ? method->refund : RefundEnd::succeeded, call.settles_after);
  keep(call, effect);
  return {.body = refund_json(*effect.refund)};
}

Answer update_refund(Call& call, std::string_view id) {
  auto found = load_refund(call.tx, id);
  if (!found) return refuse(no_such("refund", id, "refund"));
  for (auto& [key, value] : call.form.group("metadata")) {
    std::erase_if(found->metadata, [&](const auto& pair) { return pair.first == key; });
    if (!value.empty()) found->metadata.emplace_back(key, value);
  }
  save(call.tx, *found);
  call.announced.push_back({"refund.updated", refund_json(*found)});
  return {.body = refund_json(*found)};
}

}  // namespace purser::sandbox
