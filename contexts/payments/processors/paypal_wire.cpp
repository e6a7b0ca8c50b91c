#include "contexts/payments/processors/paypal_wire.hpp"

#include <algorithm>
#include <array>

#include "kernel/letters.hpp"

namespace purser::payments::paypal {
namespace {

using simdjson::dom::element;
using namespace std::string_view_literals;

// ---- amounts ----

constexpr std::array currencies = {"AUD"sv, "BRL"sv, "CAD"sv, "CHF"sv, "CNY"sv, "CZK"sv, "DKK"sv, "EUR"sv, "GBP"sv, "HKD"sv, "HUF"sv, "ILS"sv,
                                   "JPY"sv, "MXN"sv, "MYR"sv, "NOK"sv, "NZD"sv, "PHP"sv, "PLN"sv, "SEK"sv, "SGD"sv, "THB"sv, "TWD"sv, "USD"sv};
constexpr std::array without_decimals = {"HUF"sv, "JPY"sv, "TWD"sv};
static_assert(std::ranges::is_sorted(currencies));

int decimals_of(Currency currency) { return std::ranges::find(without_decimals, currency.code()) == without_decimals.end() ? 2 : 0; }

std::int64_t power_of_ten(int exponent) {
  std::int64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

// "12.5" at exponent 2 is 1250. Nothing where it is no plain decimal number, too large, or finer than the currency.
std::optional<std::int64_t> minor_of(std::string_view text, int exponent) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
  const auto all_digits = [](std::string_view part) { return std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; }); };
  if (whole.empty() || (point != std::string_view::npos && fraction.empty()) || !all_digits(whole) || !all_digits(fraction)) return std::nullopt;
  while (fraction.size() > static_cast<std::size_t>(exponent) && fraction.ends_with('0')) fraction.remove_suffix(1);
  if (fraction.size() > static_cast<std::size_t>(exponent)) return std::nullopt;
  std::string digits = std::string(whole) + std::string(fraction);
  digits.append(static_cast<std::size_t>(exponent) - fraction.size(), '0');
  std::optional<std::int64_t> minor = 0;
  for (const char digit : digits) {
    minor = checked_multiply(*minor, 10);
    if (minor) minor = checked_add(*minor, digit - '0');
    if (!minor) return std::nullopt;
  }
  return minor;
}

// ---- issues ----

struct Meaning {
  std::string_view issue;
  std::string_view code;
  bool retryable;  // another day, or after the shop has mended something
};

// What is wrong with the instrument itself, or what PayPal says for good, does not get better by asking again.
constexpr std::array meanings = {
    // clang-format off
    Meaning{"INSTRUMENT_DECLINED",                     "declined",     true},
    Meaning{"INSUFFICIENT_FUNDS",                      "declined",     true},
    Meaning{"PAYMENT_DENIED",                          "declined",     true},
    Meaning{"TRANSACTION_REFUSED",                     "declined",     true},
    Meaning{"REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",    "declined",     true},
    Meaning{"PAYER_ACTION_REQUIRED",                   "declined",     true},
    Meaning{"MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED", "declined",     true},
    Meaning{"TRANSACTION_LIMIT_EXCEEDED",              "declined",     true},
    Meaning{"REFUND_FAILED_INSUFFICIENT_FUNDS",        "declined",     true},
    Meaning{"PENDING_CAPTURE",                         "declined",     true},
    Meaning{"PAYER_CANNOT_PAY",                        "declined",     false},
    Meaning{"PAYER_ACCOUNT_RESTRICTED",                "declined",     false},
    Meaning{"PAYER_ACCOUNT_LOCKED_OR_CLOSED",          "declined",     false},
    Meaning{"COMPLIANCE_VIOLATION",                    "declined",     false},
    Meaning{"TRANSACTION_BLOCKED_BY_PAYEE",            "declined",     false},
    Meaning{"PAYEE_BLOCKED_TRANSACTION",               "declined",     false},
    Meaning{"CARD_EXPIRED",                            "invalid_card", false},
    Meaning{"CARD_CLOSED",                             "invalid_card", false},
    Meaning{"TOKEN_ID_NOT_FOUND",                      "invalid_card", false},
    Meaning{"TOKEN_EXPIRED",                           "invalid_card", false},
    Meaning{"BILLING_AGREEMENT_NOT_FOUND",             "invalid_card", false},
    Meaning{"AGREEMENT_ALREADY_CANCELLED",             "invalid_card", false},
    Meaning{"AUTHORIZATION_VOIDED",                    "abandoned",    false},
    Meaning{"AUTHORIZATION_EXPIRED",                   "abandoned",    false},
    Meaning{"AUTHORIZATION_DENIED",                    "abandoned",    false},
    Meaning{"PAYEE_ACCOUNT_RESTRICTED",                "unknown",      true},
    Meaning{"PAYEE_ACCOUNT_LOCKED_OR_CLOSED",          "unknown",      true},
    Meaning{"NOT_ENABLED_FOR_CARD_PROCESSING",         "unknown",      true},
    Meaning{"PERMISSION_DENIED",                       "unknown",      true},
    // clang-format on
};

// Something went through under this reference or key, or still goes: no proof of a failure.
constexpr std::array doubts = {"DUPLICATE_INVOICE_ID"sv, "PAYPAL_REQUEST_ID_PREVIOUSLY_USED"sv, "DUPLICATE_REQUEST_ID"sv,
                               "PREVIOUS_REQUEST_IN_PROGRESS"sv, "RESOURCE_CONFLICT"sv};

// The decline code in the words that Stripe uses too, so that a merchant's fallback policy means the same for all; where there is none, PayPal's
// own in small letters.
std::string common_word(std::string_view issue) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> words = {{{"INSTRUMENT_DECLINED", "generic_decline"},
                                                                                   {"PAYMENT_DENIED", "generic_decline"},
                                                                                   {"CARD_EXPIRED", "expired_card"},
                                                                                   {"REFUND_FAILED_INSUFFICIENT_FUNDS", "insufficient_funds"}}};
  const auto found = std::ranges::find(words, issue, &std::pair<std::string_view, std::string_view>::first);
  return found == words.end() ? in_lower_case(std::string(issue)) : std::string(found->second);
}

// What the card's bank said, behind an authorization or a capture that was declined.
struct BankAnswer {
  std::string_view response_code;
  std::string_view word;
  std::string_view code;
  bool retryable;
};
constexpr std::array bank_answers = {
    // clang-format off
    BankAnswer{"0500", "do_not_honor",               "declined",     true},
    BankAnswer{"5100", "generic_decline",            "declined",     true},
    BankAnswer{"5120", "insufficient_funds",         "declined",     true},
    BankAnswer{"5650", "authentication_required",      "declined",     true},
    BankAnswer{"1330", "invalid_account",            "invalid_card", false},
    BankAnswer{"5110", "incorrect_cvc",               "invalid_card", false},
    BankAnswer{"5180", "restricted_card", "invalid_card", false},
    BankAnswer{"5400", "expired_card",               "invalid_card", false},
    BankAnswer{"9500", "fraudulent",            "declined",     false},
    BankAnswer{"9510", "security_violation",         "declined",     false},
    BankAnswer{"9520", "lost_card",             "declined",     false},
    // clang-format on
};

Outcome bank_declined(const element& part, std::string processor_ref) {
  const std::string response_code = text_at(part, "/processor_response/response_code");
  const auto found = std::ranges::find(bank_answers, response_code, &BankAnswer::response_code);
  if (found != bank_answers.end())
    return declined(std::string(found->code), "The bank declined: " + std::string(found->word) + ".", std::string(found->word), found->retryable,
                    std::move(processor_ref));
  const std::string reason = text_at(part, "/status_details/reason");
  return declined("declined", "PayPal declined the payment.", response_code.empty() ? common_word(reason) : response_code, true,
                  std::move(processor_ref));
}

Outcome gone(std::string message, std::string processor_ref) {
  return {.end = End::released,
          .processor_ref = std::move(processor_ref),
          .failure = Failure{.code = "abandoned", .message = std::move(message), .retryable = true, .outcome = "declined"}};
}

// Of several tries to pay one order the one that got the money counts, then the one that may get it, then the last.
Outcome best_of(const std::vector<Outcome>& tries) {
  for (const End wanted : {End::succeeded, End::in_doubt})
    for (const Outcome& outcome : tries)
      if (outcome.end == wanted) return outcome;
  return tries.back();
}

}  // namespace

std::optional<std::string> amount_text(Money money) {
  if (!std::ranges::binary_search(currencies, money.currency.code()) || money.minor < 0) return std::nullopt;
  const int decimals = decimals_of(money.currency);
  const std::int64_t one = power_of_ten(money.currency.exponent());
  if (decimals == 0) return money.minor % one == 0 ? std::optional(std::to_string(money.minor / one)) : std::nullopt;
  const std::string fraction = std::to_string(money.minor % one);
  return std::to_string(money.minor / one) + "." + std::string(static_cast<std::size_t>(decimals) - fraction.size(), '0') + fraction;
}

std::optional<Money> money_at(const element& object, std::string_view pointer) {
  const auto found = object_at(object, pointer);
  const auto currency = found ? Currency::parse(text_at(*found, "/currency_code")) : std::nullopt;
  const auto minor = currency ? minor_of(text_at(*found, "/value"), currency->exponent()) : std::nullopt;
  return minor ? std::optional(Money{*minor, *currency}) : std::nullopt;
}

std::vector<element> list_at(const element& object, std::string_view pointer) {
  simdjson::dom::array list;
  if (object.at_pointer(pointer).get(list) != simdjson::SUCCESS) return {};
  return {list.begin(), list.end()};
}

std::string link_of(const element& object, std::string_view relation) {
  for (const element& link : list_at(object, "/links"))
    if (text_at(link, "/rel") == relation) return text_at(link, "/href");
  return "";
}

std::string approval_link(const element& object) {
  const std::string link = link_of(object, "payer-action");
  return link.empty() ? link_of(object, "approve") : link;
}

bool is_approved(const element& order) {
  return text_at(order, "/status") == "APPROVED" && list_at(order, authorizations).empty() && list_at(order, captures).empty();
}

Outcome authorization_outcome(const element& authorization, std::string processor_ref) {
  const std::string status = text_at(authorization, "/status");
  if (status == "CREATED" || status == "CAPTURED" || status == "PARTIALLY_CAPTURED")
    return {.end = End::succeeded, .processor_ref = std::move(processor_ref)};
  if (status == "DENIED") return bank_declined(authorization, std::move(processor_ref));
  if (status == "VOIDED" || status == "EXPIRED") return gone("The authorisation was released at the processor.", std::move(processor_ref));
  return undecided("The processor says of the authorisation: \"" + status + "\".", std::move(processor_ref));
}

Outcome capture_outcome(const element& capture, std::string processor_ref) {
  const std::string status = text_at(capture, "/status");
  if (status == "COMPLETED" || status == "PARTIALLY_REFUNDED" || status == "REFUNDED")
    return {.end = End::succeeded, .processor_ref = std::move(processor_ref)};
  if (status == "DECLINED" || status == "FAILED") return bank_declined(capture, std::move(processor_ref));
  return undecided("The processor says of the capture: \"" + status + "\".", std::move(processor_ref));
}

Outcome refund_outcome(const element& refund) {
  const std::string status = text_at(refund, "/status"), id = text_at(refund, "/id");
  if (status == "COMPLETED") return {.end = End::succeeded, .processor_ref = id};
  if (status == "FAILED" || status == "CANCELLED")
    return declined("declined", "The refund failed at the processor.", common_word(text_at(refund, "/status_details/reason")), true, id);
  return undecided("The processor has not finished the refund yet.", id);
}

Outcome order_outcome(const element& order, bool sale) {
  const std::string id = text_at(order, "/id"), status = text_at(order, "/status");
  std::vector<Outcome> tries;
  for (const element& part : list_at(order, sale ? captures : authorizations))
    tries.push_back(sale ? capture_outcome(part, id) : authorization_outcome(part, id));
  if (!tries.empty()) return best_of(tries);
  if (status == "VOIDED") return gone("The order was cancelled at the processor.", id);
  const std::string link = approval_link(order);
  const bool waits = status == "PAYER_ACTION_REQUIRED" || (status == "CREATED" && !link.empty());
  if (waits || status == "APPROVED") return {.end = End::requires_action, .processor_ref = id, .action_url = link};
  return undecided("The processor says of the order: \"" + status + "\".", id);
}

Outcome order_outcome(const element& order, const Instruction& instruction) {
  const std::string unit_at(unit);
  const bool ours = text_at(order, unit_at + "/custom_id") == instruction.reference;
  const bool of_this_money = money_at(order, unit_at + "/amount") == Money{instruction.amount, instruction.currency};
  if (!ours || !of_this_money || text_at(order, "/id").empty())
    return in_doubt("unknown", "The processor's order is not of the reference, amount or currency that it was asked for.");
  return order_outcome(order, instruction.kind == AttemptKind::sale);
}

std::string issue_of(const element& error) {
  const std::string issue = text_at(error, "/details/0/issue");
  return issue.empty() ? text_at(error, "/name") : issue;
}

bool says_forgotten(std::string_view issue) { return issue == "INVALID_RESOURCE_ID" || issue == "RESOURCE_NOT_FOUND"; }

bool says_already(std::string_view issue) {
  constexpr std::array words = {
      "ORDER_ALREADY_CAPTURED"sv, "ORDER_ALREADY_AUTHORIZED"sv,    "ORDER_ALREADY_COMPLETED"sv, "AUTHORIZATION_ALREADY_CAPTURED"sv,
      "AUTHORIZATION_VOIDED"sv,   "PREVIOUSLY_CAPTURED"sv,         "PREVIOUSLY_VOIDED"sv,       "CAPTURE_FULLY_REFUNDED"sv,
      "REFUND_AMOUNT_EXCEEDED"sv, "MAX_CAPTURE_AMOUNT_EXCEEDED"sv, "DUPLICATE_INVOICE_ID"sv};
  return std::ranges::find(words, issue) != words.end();
}

Outcome error_outcome(int status, const element& error) {
  const std::string issue = issue_of(error);
  std::string message = text_at(error, "/details/0/description");
  if (message.empty()) message = text_at(error, "/message");
  const std::string told = "The processor answered " + std::to_string(status) + " " + issue + ": " + message;
  if (status >= 500 || issue.empty()) return in_doubt("unknown", told);
  if (status == 409 || std::ranges::find(doubts, issue) != doubts.end()) return undecided(told);
  const auto found = std::ranges::find(meanings, issue, &Meaning::issue);
  if (found != meanings.end()) return declined(std::string(found->code), message, common_word(issue), found->retryable);
  if (status == 403) return declined("unknown", "The processor does not allow us this: " + message, common_word(issue), true);
  return declined("unknown", message, common_word(issue), false);
}

}  // namespace purser::payments::paypal
