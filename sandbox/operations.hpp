// What Stripe's API lets a caller do. Each operation runs inside the transaction of its call and gives the answer; those
// that only read take no call.
#pragma once
#include <string_view>

#include "sandbox/stripe_call.hpp"

namespace purser::sandbox {

// What can be refused by the parameters alone, before anything is executed.
std::optional<StripeError> check_create(const Form& form);
std::optional<StripeError> check_update(const Form& form);
std::optional<StripeError> check_confirm(const Form& form);
std::optional<StripeError> check_capture(const Form& form);
std::optional<StripeError> check_cancel(const Form& form);
std::optional<StripeError> check_refund(const Form& form);

Answer create_payment_intent(Call& call);
Answer update_payment_intent(Call& call, std::string_view id);
Answer confirm_payment_intent(Call& call, std::string_view id);
Answer capture_payment_intent(Call& call, std::string_view id);
Answer cancel_payment_intent(Call& call, std::string_view id);
Answer create_refund(Call& call);
Answer update_refund(Call& call, std::string_view id);
// The customer on the sandbox's page. Nothing changes unless the intent waits for it; gives the intent as it is then.
std::optional<PaymentIntent> authenticate_customer(Call& call, std::string_view id, bool passed);
// Brings everything `processing` or pending to its end that is due.
void settle_due(Call& call);

Answer retrieve_payment_intent(store::Tx& tx, const Form& form, std::string_view id);
Answer list_payment_intents(store::Tx& tx, const Form& form);
Answer search_payment_intents(store::Tx& tx, const Form& form, Instant visible_until);
Answer retrieve_charge(store::Tx& tx, std::string_view id);
Answer list_charges_of(store::Tx& tx, const Form& form);
Answer retrieve_refund(store::Tx& tx, std::string_view id);
Answer list_refunds_of(store::Tx& tx, const Form& form);
Answer retrieve_event(store::Tx& tx, std::string_view id);
Answer list_events(store::Tx& tx, const Form& form);
Answer show_balance(store::Tx& tx);

}  // namespace purser::sandbox
