#include "sandbox/stripe_call.hpp"

#include "sandbox/ledger.hpp"
#include "sandbox/repository.hpp"
#include "sandbox/stripe_json.hpp"

namespace purser::sandbox {
namespace {

std::string object_of(std::string_view event, const Effect& effect) {
  if (event.starts_with("charge.") && effect.charge) return charge_json(*effect.charge);
  if (event.starts_with("refund.") && effect.refund) return refund_json(*effect.refund);
  return intent_json(effect.intent);
}

}  // namespace

void keep(Call& call, const Effect& effect, bool is_new) {
  if (is_new)
    insert(call.tx, effect.intent);
  else
    update(call.tx, effect.intent);
  if (effect.charge) save(call.tx, *effect.charge);
  if (effect.refund) save(call.tx, *effect.refund);
  if (effect.intent.settles_at) call.wakes_at = effect.intent.settles_at;
  if (effect.refund && effect.refund->settles_at) call.wakes_at = effect.refund->settles_at;
  const PaymentIntent& intent = effect.intent;
  for (const LedgerLine& line : effect.lines)
    append(call, {.kind = line.kind,
                  .payment = intent.id,
                  .object = line.object,
                  .amount = line.amount,
                  .currency = intent.currency,
                  .reference = value_of(intent.metadata, "purser_reference"),
                  .order_id = value_of(intent.metadata, "order_id")});
  for (const std::string_view type : effect.events) call.announced.push_back({type, object_of(type, effect)});
}

Answer refuse(const StripeError& error, const PaymentIntent* intent) {
  return {.status = error.status, .body = error_json_of(error, intent), .executed = error.executed};
}

Answer answer_with(Call& call, const Effect& effect) {
  if (effect.error) return refuse(*effect.error, &effect.intent);
  return {.body = show(call.tx, call.form, effect.intent)};
}

std::string show(store::Tx& tx, const Form& form, const PaymentIntent& intent, std::string_view expand_name) {
  if (intent.latest_charge.empty() || !form.lists("expand", expand_name)) return intent_json(intent);
  const auto charge = load_charge(tx, intent.latest_charge);
  return intent_json(intent, charge ? charge_json(*charge) : std::string());
}

}  // namespace purser::sandbox
