// The operations on payment intents that change something: read the parameters, load, ask the rules, keep.
#include <algorithm>
#include <array>

#include "kernel/letters.hpp"
#include "kernel/money.hpp"
#include "sandbox/operations.hpp"
#include "sandbox/repository.hpp"
#include "sandbox/stripe_json.hpp"

namespace purser::sandbox {
namespace {

constexpr std::int64_t amount_max = 99'999'999;
constexpr std::array<std::string_view, 7> kept_details = {
    "customer", "description", "receipt_email", "setup_future_usage", "statement_descriptor", "statement_descriptor_suffix", "transfer_group"};

std::optional<StripeError> check_known(const Form& form, std::initializer_list<std::string_view> known) {
  const auto unknown = form.unknown(known);
  if (!unknown) return std::nullopt;
  return bad_parameter(*unknown, "parameter_unknown", "The parameter " + *unknown + " is not known here.");
}

std::optional<StripeError> check_amount(const Form& form, std::string_view name, bool required, std::int64_t least = 1) {
  if (!form.has(name)) return required ? std::optional(missing_parameter(name)) : std::nullopt;
  const auto amount = form.integer(name);
  if (!amount || *amount < least)
    return bad_parameter(name, "parameter_invalid_integer", std::string(name) + " must be a whole number of at least " + std::to_string(least) + ".");
  if (*amount > amount_max) return bad_parameter(name, "amount_too_large", std::string(name) + " must be at most 999,999.99.");
  return std::nullopt;
}

std::optional<StripeError> check_choice(const Form& form, std::string_view name, std::initializer_list<std::string_view> choices) {
  const std::string* given = form.find(name);
  if (given == nullptr || std::ranges::find(choices, *given) != choices.end()) return std::nullopt;
  return bad_parameter(name, "parameter_invalid_string", "The value of " + std::string(name) + " is not one that is allowed.");
}

// pm_…, or payment_method_data[card][token]=tok_…
std::string given_method(const Form& form) {
  const std::string token = form.text("payment_method_data[card][token]");
  if (token.empty()) return form.text("payment_method");
  const TestMethod* method = find_test_method(token);
  return method ? std::string(method->id) : token;
}

std::optional<StripeError> check_method(const Form& form) {
  const std::string method = given_method(form);
  if (method.empty() || find_test_method(method) != nullptr) return std::nullopt;
  return no_such("PaymentMethod", method, "payment_method");
}

// Keys of `from` replace those of `into`; an empty value takes a key away, and an empty metadata takes all.
Pairs merged(Pairs into, const Form& form) {
  if (const std::string* all = form.find("metadata"); all != nullptr && all->empty()) into.clear();
  for (auto& [key, value] : form.group("metadata")) {
    std::erase_if(into, [&](const auto& pair) { return pair.first == key; });
    if (!value.empty()) into.emplace_back(key, value);
  }
  return into;
}

void take_details(PaymentIntent& intent, const Form& form) {
  for (const std::string_view name : kept_details) {
    const std::string* given = form.find(name);
    if (given == nullptr) continue;
    std::erase_if(intent.details, [&](const auto& pair) { return pair.first == name; });
    if (!given->empty()) intent.details.emplace_back(name, *given);
  }
}

// What create, update and confirm may set alike.
void take_parameters(PaymentIntent& intent, const Form& form) {
  if (const auto amount = form.integer("amount")) intent.amount = *amount;
  if (form.has("currency")) intent.currency = in_lower_case(form.text("currency"));
  if (form.has("capture_method")) intent.manual_capture = form.text("capture_method") == "manual";
  if (form.has("payment_method_options[card][capture_method]"))
    intent.manual_capture = form.text("payment_method_options[card][capture_method]") == "manual";
  if (form.has("payment_method_options[card][request_multicapture]"))
    intent.multicapture = form.text("payment_method_options[card][request_multicapture]") == "if_available";
  if (form.has("return_url")) intent.return_url = form.text("return_url");
  if (const std::string method = given_method(form); !method.empty()) intent.payment_method = method;
  intent.metadata = merged(std::move(intent.metadata), form);
  take_details(intent, form);
}

Status before_confirmation(const PaymentIntent& intent) {
  return intent.payment_method.empty() ? Status::requires_payment_method : Status::requires_confirmation;
}

Effect confirmed(Call& call, PaymentIntent intent) {
  const TestMethod* method = find_test_method(intent.payment_method);
  Confirmation with{.method = *method,
                    .payment_method = intent.payment_method,
                    .charge_id = call.new_id("ch_"),
                    .authenticate_url = call.base_url + "/_sandbox/authenticate/" + intent.id,
                    .now = call.now,
                    .off_session = !call.form.text("off_session").empty() && call.form.text("off_session") != "false",
                    .error_on_requires_action = call.form.flag("error_on_requires_action"),
                    .declined_by_fault = call.struck_by(FaultKind::decline)};
  if (call.struck_by(FaultKind::processing)) with.processing_for = call.fault->delay.value_or(call.settles_after);
  return confirm(std::move(intent), with);
}

Answer unknown_intent(std::string_view id) { return refuse(no_such("payment_intent", id, "intent")); }

}  // namespace

std::optional<StripeError> check_create(const Form& form) {
  if (auto error = check_known(form, {"amount",
                                      "amount_details",
                                      "automatic_payment_methods",
                                      "capture_method",
                                      "client_secret",
                                      "confirm",
                                      "confirmation_method",
                                      "currency",
                                      "customer",
                                      "description",
                                      "error_on_requires_action",
                                      "expand",
                                      "mandate",
                                      "mandate_data",
                                      "metadata",
                                      "off_session",
                                      "on_behalf_of",
                                      "payment_method",
                                      "payment_method_configuration",
                                      "payment_method_data",
                                      "payment_method_options",
                                      "payment_method_types",
                                      "radar_options",
                                      "receipt_email",
                                      "return_url",
                                      "setup_future_usage",
                                      "shipping",
                                      "statement_descriptor",
                                      "statement_descriptor_suffix",
                                      "transfer_data",
                                      "transfer_group",
                                      "use_stripe_sdk",
                                      "application_fee_amount",
                                      "confirmation_token"}))
    return error;
  if (auto error = check_amount(form, "amount", true)) return error;
  if (!form.has("currency")) return missing_parameter("currency");
  if (!Currency::parse(form.text("currency")))
    return bad_parameter("currency", "parameter_invalid_string", "No such currency: " + form.text("currency"));
  if (auto error = check_choice(form, "capture_method", {"automatic", "automatic_async", "manual"})) return error;
  if (auto error = check_choice(form, "confirm", {"true", "false"})) return error;
  if (auto error = check_method(form)) return error;
  if (form.flag("confirm") && given_method(form).empty()) {
    StripeError error = unexpected_state("This PaymentIntent cannot be confirmed: it has no payment method.");
    error.shows_intent = error.executed = false;
    return error;
  }
  return std::nullopt;
}

std::optional<StripeError> check_update(const Form& form) {
  if (auto error = check_amount(form, "amount", false)) return error;
  if (form.has("currency") && !Currency::parse(form.text("currency")))
    return bad_parameter("currency", "parameter_invalid_string", "No such currency: " + form.text("currency"));
  if (auto error = check_choice(form, "capture_method", {"automatic", "automatic_async", "manual"})) return error;
  return check_method(form);
}

std::optional<StripeError> check_confirm(const Form& form) {
  if (form.has("amount")) return bad_parameter("amount", "parameter_unknown", "The amount cannot be changed by a confirmation.");
  if (auto error = check_choice(form, "capture_method", {"automatic", "automatic_async", "manual"})) return error;
  return check_method(form);
}

std::optional<StripeError> check_capture(const Form& form) {
  if (auto error = check_known(form, {"amount_to_capture", "application_fee_amount", "expand", "final_capture", "metadata", "statement_descriptor",
                                      "statement_descriptor_suffix", "transfer_data", "amount_details", "payment_details"}))
    return error;
  return check_amount(form, "amount_to_capture", false, 0);
}

std::optional<StripeError> check_cancel(const Form& form) {
  if (auto error = check_known(form, {"cancellation_reason", "expand", "metadata"})) return error;
  return check_choice(form, "cancellation_reason", {"abandoned", "duplicate", "fraudulent", "requested_by_customer"});
}

Answer create_payment_intent(Call& call) {
  PaymentIntent intent{.id = call.new_id("pi_"), .created = call.now};
  intent.client_secret = intent.id + "_secret_" + make_secret(18, call.random);
  take_parameters(intent, call.form);
  intent.status = before_confirmation(intent);
  call.announced.push_back({"payment_intent.created", intent_json(intent)});
  const Effect effect = call.form.flag("confirm") ? confirmed(call, std::move(intent)) : Effect{.intent = std::move(intent)};
  keep(call, effect, true);
  return answer_with(call, effect);
}

Answer update_payment_intent(Call& call, std::string_view id) {
  auto intent = load_intent(call.tx, id);
  if (!intent) return unknown_intent(id);
  const bool only_words = !call.form.unknown({"metadata", "description", "receipt_email", "statement_descriptor_suffix", "transfer_group", "expand"});
  if (auto error = may_update(*intent); error && !only_words) return refuse(*error, &*intent);
  take_parameters(*intent, call.form);
  if (intent->status == Status::requires_payment_method || intent->status == Status::requires_confirmation)
    intent->status = before_confirmation(*intent);
  const Effect effect{.intent = *std::move(intent)};
  keep(call, effect);
  return answer_with(call, effect);
}

Answer confirm_payment_intent(Call& call, std::string_view id) {
  auto intent = load_intent(call.tx, id);
  if (!intent) return unknown_intent(id);
  const bool has_method = !intent->payment_method.empty() || !given_method(call.form).empty();
  if (auto error = may_confirm(*intent, has_method)) return refuse(*error, &*intent);
  take_parameters(*intent, call.form);
  const Effect effect = confirmed(call, *std::move(intent));
  keep(call, effect);
  return answer_with(call, effect);
}

Answer capture_payment_intent(Call& call, std::string_view id) {
  auto intent = load_intent(call.tx, id);
  if (!intent) return unknown_intent(id);
  const std::int64_t amount = call.form.integer("amount_to_capture").value_or(intent->amount_capturable);
  const bool final_capture = call.form.flag("final_capture", true);
  if (auto error = may_capture(*intent, amount, final_capture)) return refuse(*error, &*intent);
  auto charge = load_charge(call.tx, intent->latest_charge);
  intent->metadata = merged(std::move(intent->metadata), call.form);
  const Effect effect = capture(*std::move(intent), *std::move(charge), amount, final_capture);
  keep(call, effect);
  return answer_with(call, effect);
}

Answer cancel_payment_intent(Call& call, std::string_view id) {
  auto intent = load_intent(call.tx, id);
  if (!intent) return unknown_intent(id);
  if (auto error = may_cancel(*intent)) return refuse(*error, &*intent);
  auto charge = load_charge(call.tx, intent->latest_charge);
  const Effect effect = cancel(*std::move(intent), std::move(charge), call.form.text("cancellation_reason"), call.now);
  keep(call, effect);
  return answer_with(call, effect);
}

std::optional<PaymentIntent> authenticate_customer(Call& call, std::string_view id, bool passed) {
  auto intent = load_intent(call.tx, id);
  if (!intent || intent->status != Status::requires_action) return intent;
  const TestMethod* method = find_test_method(intent->payment_method);
  const Effect effect = authenticate(*std::move(intent), *method, passed, call.new_id("ch_"), call.now);
  keep(call, effect);
  return effect.intent;
}

void settle_due(Call& call) {
  for (PaymentIntent& intent : settling_intents(call.tx, call.now)) keep(call, settle(std::move(intent), call.new_id("ch_"), call.now));
  for (Refund& refund : settling_refunds(call.tx, call.now)) {
    auto intent = load_intent(call.tx, refund.payment_intent);
    auto charge = load_charge(call.tx, refund.charge);
    if (intent && charge) keep(call, settle_refund(*std::move(intent), *std::move(charge), std::move(refund)));
  }
}

}  // namespace purser::sandbox
