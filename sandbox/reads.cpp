// The operations that only read.
#include <map>

#include "sandbox/events.hpp"
#include "sandbox/json_text.hpp"
#include "sandbox/ledger.hpp"
#include "sandbox/operations.hpp"
#include "sandbox/repository.hpp"
#include "sandbox/search_query.hpp"
#include "sandbox/stripe_json.hpp"

namespace purser::sandbox {
namespace {

constexpr std::int64_t limit_default = 10, limit_max = 100;

// What a list asks for, read with one row more than asked, which tells whether there are more.
struct Asked {
  Page page;
  std::int64_t limit = limit_default;
  std::optional<StripeError> error{};
};

std::optional<std::int64_t> limit_of(const Form& form) {
  if (!form.has("limit")) return limit_default;
  const auto limit = form.integer("limit");
  return limit && *limit >= 1 && *limit <= limit_max ? limit : std::nullopt;
}

void read_created(const Form& form, Page& page) {
  const auto second = [&](std::string_view name, std::int64_t plus) -> std::optional<std::int64_t> {
    const auto at = form.integer(name);
    return at ? std::optional((*at + plus) * 1000) : std::nullopt;
  };
  const auto at_least = second("created[gte]", 0), above = second("created[gt]", 1), exactly = second("created", 0);
  const auto at_most = second("created[lte]", 1), below = second("created[lt]", 0), exactly_until = second("created", 1);
  page.created_from_ms = exactly ? exactly : above ? above : at_least;
  page.created_until_ms = exactly_until ? exactly_until : below ? below : at_most;
}

Asked asked(const Form& form) {
  Asked out;
  const auto limit = limit_of(form);
  if (!limit) {
    out.error = bad_parameter("limit", "parameter_invalid_integer", "limit must be a whole number from 1 to 100.");
    return out;
  }
  out.limit = *limit;
  out.page = {.after = form.text("starting_after"), .before = form.text("ending_before"), .rows_max = *limit + 1};
  read_created(form, out.page);
  return out;
}

// The row too many lies at the end away from the cursor: last, or first where the page was read upwards.
template <class Row, class Show>
Answer page_answer(std::vector<Row> rows, const Asked& asked, std::string_view url, Show show) {
  const bool has_more = std::ssize(rows) > asked.limit;
  const bool upwards = asked.page.after.empty() && !asked.page.before.empty();
  if (has_more) rows.erase(upwards ? rows.begin() : rows.end() - 1);
  std::string data;
  for (const Row& row : rows) data += (data.empty() ? "" : ",") + show(row);
  return {.body = list_json(data, has_more, url)};
}

}  // namespace

Answer retrieve_payment_intent(store::Tx& tx, const Form& form, std::string_view id) {
  const auto intent = load_intent(tx, id);
  return intent ? Answer{.body = show(tx, form, *intent)} : refuse(no_such("payment_intent", id, "intent"));
}

Answer list_payment_intents(store::Tx& tx, const Form& form) {
  const Asked want = asked(form);
  if (want.error) return refuse(*want.error);
  return page_answer(list_intents(tx, want.page), want, "/v1/payment_intents",
                     [&](const PaymentIntent& intent) { return show(tx, form, intent, "data.latest_charge"); });
}

Answer search_payment_intents(store::Tx& tx, const Form& form, Instant visible_until) {
  const auto limit = limit_of(form);
  if (!limit) return refuse(bad_parameter("limit", "parameter_invalid_integer", "limit must be a whole number from 1 to 100."));
  if (!form.has("query")) return refuse(missing_parameter("query"));
  auto search = parse_search_query(form.text("query"));
  if (!search)
    return refuse(bad_parameter("query", "", "The query cannot be read; metadata, status, amount and currency can be searched, joined by AND."));
  search->after = form.text("page");
  search->rows_max = *limit + 1;
  search->created_before = visible_until;

  auto found = search_intents(tx, *search);
  const bool has_more = std::ssize(found) > *limit;
  if (has_more) found.pop_back();
  std::string data;
  for (const PaymentIntent& intent : found) data += (data.empty() ? "" : ",") + show(tx, form, intent, "data.latest_charge");
  return {.body = search_json(data, has_more ? found.back().id : "", "/v1/payment_intents/search")};
}

Answer retrieve_charge(store::Tx& tx, std::string_view id) {
  const auto charge = load_charge(tx, id);
  return charge ? Answer{.body = charge_json(*charge)} : refuse(no_such("charge", id, "id"));
}

Answer list_charges_of(store::Tx& tx, const Form& form) {
  const Asked want = asked(form);
  if (want.error) return refuse(*want.error);
  return page_answer(list_charges(tx, form.text("payment_intent"), want.page), want, "/v1/charges", charge_json);
}

Answer retrieve_refund(store::Tx& tx, std::string_view id) {
  const auto refund = load_refund(tx, id);
  return refund ? Answer{.body = refund_json(*refund)} : refuse(no_such("refund", id, "refund"));
}

Answer list_refunds_of(store::Tx& tx, const Form& form) {
  const Asked want = asked(form);
  if (want.error) return refuse(*want.error);
  return page_answer(list_refunds(tx, form.text("payment_intent"), form.text("charge"), want.page), want, "/v1/refunds", refund_json);
}

Answer retrieve_event(store::Tx& tx, std::string_view id) {
  const auto event = load_event(tx, id);
  return event && event->processor == stripe_name ? Answer{.body = event_json(*event)} : refuse(no_such("event", id, "id"));
}

Answer list_events(store::Tx& tx, const Form& form) {
  const Asked want = asked(form);
  if (want.error) return refuse(*want.error);
  std::vector<std::string> types;
  if (form.has("type")) types.push_back(form.text("type"));
  for (const auto& [index, type] : form.group("types")) types.push_back(type);
  return page_answer(list_events(tx, stripe_name, types, want.page), want, "/v1/events", event_json);
}

// What was taken and not given back, per currency.
Answer show_balance(store::Tx& tx) {
  std::map<std::string, std::int64_t> sums;
  for (const LedgerTotal& total : ledger_totals(tx, stripe_name)) {
    if (total.kind == "charged" || total.kind == "captured" || total.kind == "refund_failed") sums[total.currency] += total.amount;
    if (total.kind == "refunded") sums[total.currency] -= total.amount;
  }
  std::string available;
  for (const auto& [currency, amount] : sums) {
    std::string entry;
    JsonObject(entry).number("amount", amount).text("currency", currency).raw("source_types", "{\"card\":" + std::to_string(amount) + "}").close();
    available += (available.empty() ? "" : ",") + entry;
  }
  return {.body = "{\"object\":\"balance\",\"available\":[" + available + "],\"livemode\":false,\"pending\":[]}"};
}

}  // namespace purser::sandbox
