// How an effect on Stripe's objects is kept, and how it is answered.
#pragma once
#include <string>
#include <string_view>

#include "sandbox/call.hpp"
#include "sandbox/rules.hpp"

namespace purser::sandbox {

// Writes the rows, the ledger lines and the announcements of an effect. `is_new`: the intent is not in the store yet.
void keep(Call& call, const Effect& effect, bool is_new = false);

Answer refuse(const StripeError& error, const PaymentIntent* intent = nullptr);
// The intent, or the effect's error with the intent in it. expand[]=latest_charge is heeded.
Answer answer_with(Call& call, const Effect& effect);
std::string show(store::Tx& tx, const Form& form, const PaymentIntent& intent, std::string_view expand_name = "latest_charge");

}  // namespace purser::sandbox
