// What buyers do. Each ends by handing its order to the clerks, if there is one.
#include "platform/json/json_writer.hpp"
#include "sim/hosts.hpp"
#include "sim/people.hpp"

namespace purser::sim {
namespace {

// How long a buyer looks at a spinning wheel.
constexpr Duration short_patience = seconds(40), long_patience = minutes(20);

std::string payment_json(const std::string& order_id, const std::string& method, const std::string& capture_method) {
  std::string json;
  JsonWriter writer(json);
  writer.begin_object();
  if (!order_id.empty()) writer.key("order_id").string(order_id);
  if (order_id.empty()) writer.key("amount").integer(990).key("currency").string("EUR").key("user_id").string("user-2");
  writer.key("payment_method").string(method).key("processor_tokens").begin_object();
  for (const ProcessorName& name : processor_names) writer.key(name.account).string(method);
  writer.end_object();
  if (!capture_method.empty()) writer.key("capture_method").string(capture_method);
  writer.key("return_url").string("https://shop.example/thanks").end_object();
  return json;
}

// `elsewhere`: the same card's token at every processor but the first.
void write_part(JsonWriter& writer, const std::string& method, std::int64_t amount, const std::string& elsewhere = "") {
  writer.begin_object().key("method").string(method == "wallet" ? "wallet" : "card");
  if (amount > 0) writer.key("amount").integer(amount);
  if (method != "wallet") {
    writer.key("payment_method").string(method).key("processor_tokens").begin_object();
    for (const ProcessorName& name : processor_names)
      writer.key(name.account).string(&name == &processor_names.front() || elsewhere.empty() ? method : elsewhere);
    writer.end_object();
  }
  writer.end_object();
}

// How a buyer makes up a sum, the last part being what is left. Some of it is declined, or wants the buyer.
std::string parts_json(std::int64_t kind, std::int64_t total) {
  std::string json;
  JsonWriter writer(json);
  writer.begin_array();
  switch (kind) {
    case 0:
      write_part(writer, "wallet", total / 3), write_part(writer, "pm_card_visa", 0);
      break;
    case 1:
      write_part(writer, "pm_card_visa", total / 2), write_part(writer, "pm_card_mastercard", 0);
      break;
    case 2:
      write_part(writer, "wallet", total / 4), write_part(writer, "pm_card_visa", total / 4), write_part(writer, "pm_card_chargeDeclined", 0);
      break;
    case 3:
      write_part(writer, "pm_card_visa", total / 2), write_part(writer, "pm_card_authenticationRequired", 0);
      break;
    case 4:
      write_part(writer, "pm_card_chargeDeclined", total / 2, "pm_card_visa"), write_part(writer, "wallet", 0);
      break;
    default:
      write_part(writer, "pm_card_visa", total / 3), write_part(writer, "pm_card_visa", total / 3), write_part(writer, "wallet", 0);
  }
  writer.end_array();
  return json;
}

}  // namespace

std::string People::some_items() {
  std::string json;
  JsonWriter writer(json);
  writer.begin_array();
  for (std::int64_t lines = chance().between(1, 3); lines > 0; --lines)
    writer.begin_object()
        .key("sku")
        .string("SKU-" + std::to_string(chance().between(1, 99)))
        .key("quantity")
        .integer(chance().between(1, 4))
        .key("unit_price")
        .integer(chance().between(1, 20'000))
        .end_object();
  writer.end_array();
  return json;
}

std::string People::some_capture_method() { return chance().odds(0.4) ? "MANUAL" : chance().odds(0.5) ? "AUTOMATIC" : ""; }

Task<std::string> People::new_order(std::string client_reference) {
  std::string json;
  JsonWriter writer(json);
  writer.begin_object().key("user_id").string("user-1").key("currency").string("USD").key("items").raw(some_items());
  if (!client_reference.empty()) writer.key("client_reference").string(client_reference);
  writer.end_object();
  const Answer made = co_await client_.ask({.path = "/orders", .body = json, .key = client_.new_key(), .patience = long_patience});
  if (made.ok()) ++orders_;
  // Who is told that the order is there already goes on with that one.
  co_return made.ok() ? made.text("/id") : made.text("/metadata/order_id").empty() ? made.text("/order_id") : made.text("/metadata/order_id");
}

Task<Answer> People::pay(std::string order_id, std::string method, std::string key, Duration patience) {
  ++payments_;
  co_return co_await client_.ask(
      {.path = "/payments", .body = payment_json(order_id, method, some_capture_method()), .key = std::move(key), .patience = patience});
}

Task<void> People::checkout(std::string) {
  std::string json;
  JsonWriter writer(json);
  writer.begin_object().key("user_id").string("user-1").key("currency").string("USD").key("items").raw(some_items());
  writer.key("payment_method").string(chance().odds(0.9) ? "pm_card_visa" : "pm_card_chargeDeclined");
  if (const std::string method = some_capture_method(); !method.empty()) writer.key("capture_method").string(method);
  writer.end_object();
  const Answer done = co_await client_.ask({.path = "/checkout", .body = json, .key = client_.new_key(), .patience = long_patience});
  if (!done.ok()) co_return;
  ++orders_, ++payments_;
  hand_to_clerks(done.text("/order/id"));
}

Task<void> People::order_and_pay(std::string) {
  const std::string order = co_await new_order();
  if (order.empty()) co_return;
  co_await pause(minutes(1));
  const Answer paid = co_await pay(order, "pm_card_visa", client_.new_key(), long_patience);
  hand_to_clerks(order);
}

// A double click: two requests at once, each with a key of its own.
Task<void> People::pay_twice_at_once(std::string) {
  const std::string order = co_await new_order();
  if (order.empty()) co_return;
  const auto click = [](People* people, std::string of, bool last) -> Task<void> {
    co_await people->pause(milliseconds(50));
    const Answer paid = co_await people->pay(of, "pm_card_visa", people->client_.new_key(), long_patience);
    if (last) people->hand_to_clerks(of);
  };
  set_going(click(this, order, false));
  co_await click(this, order, true);
}

// The page was reloaded: nobody knows the old key any more.
Task<void> People::pay_again_after_silence(std::string) {
  const std::string order = co_await new_order();
  if (order.empty()) co_return;
  for (int tries = 0; tries < 3; ++tries) {
    const Answer paid = co_await pay(order, "pm_card_visa", client_.new_key(), short_patience);
    if (paid.ok()) break;
    co_await pause(minutes(2));
  }
  hand_to_clerks(order);
}

Task<void> People::same_key_at_once(std::string) {
  const std::string order = co_await new_order();
  if (order.empty()) co_return;
  const std::string key = client_.new_key(), body = payment_json(order, "pm_card_visa", "AUTOMATIC");
  ++payments_;
  const auto click = [](People* people, std::string with_body, std::string with_key) -> Task<void> {
    static_cast<void>(co_await people->client_.ask({.path = "/payments", .body = with_body, .key = with_key, .patience = long_patience}));
  };
  for (int clicks = 0; clicks < 3; ++clicks) set_going(click(this, body, key));
  co_await click(this, body, key);
  hand_to_clerks(order);
}

// The same cart sent again under another key: its reference makes it the same order.
Task<void> People::order_twice_by_reference(std::string) {
  const std::string reference = "cart-" + std::to_string(buyers_);
  const std::string first = co_await new_order(reference), second = co_await new_order(reference);
  if (!first.empty() && !second.empty() && first != second)
    client_.process().world().violate("client_reference_unique", reference + " made " + first + " and " + second);
  const std::string order = first.empty() ? second : first;
  if (order.empty()) co_return;
  const Answer paid = co_await pay(order, "pm_card_visa", client_.new_key(), long_patience);
  hand_to_clerks(order);
}

Task<void> People::decline_and_retry(std::string) {
  const std::string order = co_await new_order();
  if (order.empty()) co_return;
  const Answer declined = co_await pay(order, "pm_card_chargeDeclinedInsufficientFunds", client_.new_key(), long_patience);
  const std::string payment = declined.text("/id");
  co_await pause(minutes(1));
  if (!payment.empty() && chance().odds(0.6))
    co_await client_.ask({.path = "/payments/" + payment + "/retry",
                          .body = chance().odds(0.7) ? R"({"payment_method":"pm_card_visa"})" : "{}",
                          .key = client_.new_key(),
                          .patience = long_patience});
  else
    co_await pay(order, "pm_card_mastercard", client_.new_key(), long_patience);
  hand_to_clerks(order);
}

// Waits, looks, and tries the same payment again as often as it failed. The shop has to make the goods first: it captures much later.
Task<void> People::retry_until_held(std::string) {
  const std::string order = co_await new_order();
  if (order.empty()) co_return;
  ++payments_;
  co_await client_.ask(
      {.path = "/payments", .body = payment_json(order, "pm_card_visa", "MANUAL"), .key = client_.new_key(), .patience = short_patience});
  for (int looks = 0; looks < 8; ++looks) {
    co_await pause(minutes(1));
    const Answer seen = co_await client_.ask({.method = "GET", .path = "/payments/" + order, .patience = long_patience});
    if (seen.text("/status") == "AUTHORIZED") break;
    if (seen.text("/status") == "FAILED")
      co_await client_.ask({.path = "/payments/" + order + "/retry", .body = "{}", .key = client_.new_key(), .patience = short_patience});
  }
  co_await pause(minutes(10));
  hand_to_clerks(order);
}

Task<void> People::act_on_page(Answer paid, std::string at) {
  const std::string page = paid.text(at + "/next_action/url");
  if (!page.starts_with("http://processor") || chance().odds(0.2)) co_return;
  co_await pause(minutes(3));
  co_await client_.authenticate(page, chance().odds(0.8));
}

Task<void> People::authenticate(std::string) {
  const std::string order = co_await new_order();
  if (order.empty()) co_return;
  Answer paid = co_await pay(order, "pm_card_authenticationRequired", client_.new_key(), long_patience);
  if (paid.text("/status") == "IN_DOUBT" || paid.text("/status") == "PROCESSING") {
    co_await pause(minutes(2));
    paid = co_await client_.ask({.method = "GET", .path = "/payments/" + paid.text("/id"), .patience = long_patience});
  }
  co_await act_on_page(paid, "");
  hand_to_clerks(order);
}

Task<void> People::change_and_pay(std::string) {
  const std::string order = co_await new_order();
  if (order.empty()) co_return;
  co_await client_.ask(
      {.method = "PUT", .path = "/orders/" + order, .body = "{\"items\":" + some_items() + "}", .key = client_.new_key(), .patience = long_patience});
  const Answer paid = co_await pay(order, "pm_card_visa", client_.new_key(), long_patience);
  hand_to_clerks(order);
}

Task<void> People::pay_directly(std::string) {
  const Answer paid = co_await pay("", "pm_card_visa", client_.new_key(), long_patience);
  if (paid.ok()) hand_to_clerks(paid.text("/id"));
}

Task<void> People::get_credit(std::int64_t amount) {
  co_await client_.ask({.path = "/wallets/user-1/credits",
                        .body = "{\"amount\":" + std::to_string(amount) + R"(,"currency":"USD","reference":"gift-)" + std::to_string(buyers_) + "\"}",
                        .key = client_.new_key(),
                        .patience = long_patience});
}

Task<Answer> People::pay_some_parts(std::string order_id, std::int64_t total) {
  ++payments_;
  std::string json;
  JsonWriter writer(json);
  writer.begin_object().key("order_id").string(order_id).key("parts").raw(parts_json(chance().between(0, 5), total));
  if (const std::string method = some_capture_method(); !method.empty()) writer.key("capture_method").string(method);
  writer.key("return_url").string("https://shop.example/thanks").end_object();
  co_return co_await client_.ask(
      {.path = "/payments", .body = json, .key = client_.new_key(), .patience = chance().odds(0.7) ? long_patience : short_patience});
}

// Store credit, which may not suffice, and cards. Where it failed, some try again with other parts.
Task<void> People::pay_in_parts(std::string) {
  if (chance().odds(0.7)) co_await get_credit(chance().between(1'000, 50'000));
  const std::string order = co_await new_order();
  if (order.empty()) co_return;
  const Answer seen = co_await client_.ask({.method = "GET", .path = "/orders/" + order, .patience = long_patience});
  const std::int64_t total = seen.integer("/total");
  if (total < 4) co_return;
  const Answer paid = co_await pay_some_parts(order, total);
  co_await act_on_page(paid, "");
  if (paid.text("/status") == "FAILED" && chance().odds(0.6)) co_await pay_some_parts(order, total);
  hand_to_clerks(order);
}

Task<void> People::abandon(std::string) {
  const std::string order = co_await new_order();
  if (!order.empty() && chance().odds(0.5)) hand_to_clerks(order);
}

}  // namespace purser::sim
